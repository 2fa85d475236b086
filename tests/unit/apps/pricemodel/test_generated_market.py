from datetime import date, timedelta

import numpy as np
import pytest
from pricemodel.market import SYMBOLS, GeneratedMarket, MarketState, Process, generated_markets


def test_a_seed_gives_the_same_market_and_another_gives_another():
    assert GeneratedMarket(1).states(50) == GeneratedMarket(1).states(50)
    assert GeneratedMarket(1).states(50) != GeneratedMarket(2).states(50)
    first, second = generated_markets(1)[:2]
    assert first.states(50) != second.states(50)
    assert tuple(market.symbol for market in generated_markets(1)) == SYMBOLS


def test_a_longer_history_begins_as_the_shorter_one_ends_nowhere_else():
    market = GeneratedMarket(3)
    assert market.history(40).days.tolist() == market.history(60).days.tolist()[:40]
    assert (market.history(40).closes > 0).all()


def test_no_other_rule_beats_the_optimal_direction():
    market = GeneratedMarket(5)
    states = market.states(3000)
    up = np.diff([market.price(state) for state in states]) > 0
    best = ((market.optimal_directions(states)[:-1] > 0) == up).mean()
    without_season = np.array([state.deviation < 0 for state in states[:-1]])
    weekend = np.array([state.day.weekday() in {6, 0, 1} for state in states[:-1]])
    assert best > max((without_season == up).mean(), (weekend == up).mean(), up.mean(), 1 - up.mean())
    promised = np.mean([max(p, 1 - p) for p in map(market.probability_up, states[:-1])])
    assert best == pytest.approx(promised, abs=0.03), "what the process says can be reached is what is reached"


def test_the_probability_is_half_where_nothing_is_expected_and_follows_the_direction():
    market = GeneratedMarket(1, process=Process(yearly=0.0, weekly=(0.0,) * 7))
    day = date(2024, 5, 6)
    assert market.probability_up(MarketState(day, 0.0)) == pytest.approx(0.5)
    for deviation in (-0.2, -0.01, 0.01, 0.2):
        state = MarketState(day, deviation)
        assert (market.probability_up(state) > 0.5) == (market.optimal_direction(state) == 1) == (deviation < 0)


def test_the_share_of_rises_is_the_stated_probability():
    """Shocks drawn anew from one state rise as often as the probability says."""
    market = GeneratedMarket(1)
    state = MarketState(date(2024, 5, 6), 0.02)
    rng = np.random.default_rng(0)
    shocks = rng.normal(0, market.process.noise, 40_000)
    shocks += np.where(
        rng.random(40_000) < market.process.jump_share, rng.normal(0, market.process.jump_size, 40_000), 0
    )
    after = (1 - market.process.reversion) * state.deviation + shocks
    season = market.process.season
    rises = season(state.day + timedelta(days=1)) + after > season(state.day) + state.deviation
    assert rises.mean() == pytest.approx(market.probability_up(state), abs=0.01)
