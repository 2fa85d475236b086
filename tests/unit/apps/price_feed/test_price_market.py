from datetime import UTC, datetime
from functools import partial
from itertools import islice

import pytest
from feature_job.settings import FeatureJobSettings
from price_feed import market
from price_feed.market import NODES, replayed_lmps, replayed_prices
from price_feed.settings import PriceFeedSettings
from pricemodel.histories import known_histories
from pricemodel.market import SYMBOLS
from pricemodel.wti_history import wti_history

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_the_newest_days_are_replayed_symbol_by_symbol_and_over_again_as_if_traded_now(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(market, "known_histories", partial(known_histories, generated_days=5))
    symbols = ("WTI", *SYMBOLS)
    prices = list(islice(replayed_prices(3, 1, lambda: NOW), 4 * len(symbols)))
    assert [one.symbol for one in prices] == list(symbols) * 4
    wti = [float(one.price) for one in prices if one.symbol == "WTI"]
    assert wti[:3] == [round(close, 4) for close in wti_history().closes[-3:].tolist()]
    assert wti[3] == wti[0]
    assert {one.traded_at for one in prices} == {NOW}


def test_the_prices_are_those_that_the_features_are_computed_from():
    seed = PriceFeedSettings.model_fields["seed"].default
    assert seed == FeatureJobSettings.model_fields["data_seed"].default
    days, known = 30, known_histories()
    prices = list(islice(replayed_prices(days, seed, lambda: NOW), days * len(known)))
    for symbol, history in known.items():
        replayed = [float(one.price) for one in prices if one.symbol == symbol]
        assert replayed == [round(close, 4) for close in history.closes[-days:].tolist()]


def test_generated_prices_are_the_same_for_a_seed_and_others_for_another(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(market, "known_histories", partial(known_histories, generated_days=5))
    first, again, other = (
        [one.price for one in islice(replayed_prices(2, seed, lambda: NOW), 10)] for seed in (1, 1, 2)
    )
    assert first == again != other


def test_locational_prices_come_node_by_node_as_if_their_interval_were_now():
    lmps = list(islice(replayed_lmps(1, lambda: NOW), 8))
    assert [(one.iso, one.node) for one in lmps] == list(NODES) * 2
    assert {one.published_at for one in lmps} == {NOW}
