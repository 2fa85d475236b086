from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_server.settings import TrafficSettings
from model_server.traffic import Variant, assign
from pydantic import ValidationError

SYMBOLS = [f"S{number}" for number in range(1000)]


def test_without_a_challenger_the_champion_answers_all():
    traffic = TrafficSettings(canary_percent=50, ab_percent=50)
    assert set(assign(traffic, SYMBOLS, key=None, draw=0.0, has_challenger=False)) == {Variant.CHAMPION}


def test_a_canary_takes_whole_requests_by_lot():
    traffic = TrafficSettings(canary_percent=25)
    taken = [assign(traffic, ["A", "B"], key=None, draw=number / 1000, has_challenger=True) for number in range(1000)]
    assert sum(variants == [Variant.CANARY] * 2 for variants in taken) == 250
    assert all(len(set(variants)) == 1 for variants in taken)


def test_ab_splits_keys_by_its_percentage():
    sides = assign(TrafficSettings(ab_percent=30), SYMBOLS, key=None, draw=0.99, has_challenger=True)
    assert Counter(sides)[Variant.AB] / len(SYMBOLS) == pytest.approx(0.30, abs=0.04)


def test_canary_and_ab_together_take_their_percentages_of_all_requests():
    traffic = TrafficSettings(canary_percent=20, ab_percent=40)
    counts: Counter[Variant] = Counter()
    for number in range(10):
        counts.update(assign(traffic, SYMBOLS, key=None, draw=number / 10, has_challenger=True))
    total = counts.total()
    assert counts[Variant.CANARY] / total == pytest.approx(0.20)
    assert counts[Variant.AB] / total == pytest.approx(0.40, abs=0.04)


@settings(max_examples=10, deadline=None)
@given(percent=st.floats(0, 100), more=st.floats(0, 100), symbol=st.text(min_size=1, max_size=8))
def test_a_key_stays_on_its_side_and_a_larger_share_only_adds_to_it(percent: float, more: float, symbol: str):
    few, many = sorted((percent, more))
    small = assign(TrafficSettings(ab_percent=few), [symbol] * 3, key=None, draw=0.5, has_challenger=True)
    assert len(set(small)) == 1
    large = assign(TrafficSettings(ab_percent=many), [symbol], key=None, draw=0.9, has_challenger=True)
    assert not (small[0] is Variant.AB and large[0] is Variant.CHAMPION)


def test_the_callers_key_goes_before_the_symbols():
    traffic = TrafficSettings(ab_percent=50)
    for key in ("a", "b", "c", "d"):
        alone = assign(traffic, [key], key=None, draw=0.9, has_challenger=True)
        keyed = assign(traffic, SYMBOLS[:20], key=key, draw=0.9, has_challenger=True)
        assert keyed == alone * 20


@pytest.mark.parametrize(("percent", "expected"), [(0, Variant.CHAMPION), (100, Variant.AB)])
def test_nothing_and_everything_mean_what_they_say(percent: float, expected: Variant):
    sides = assign(TrafficSettings(ab_percent=percent), SYMBOLS[:200], key=None, draw=0.0, has_challenger=True)
    assert set(sides) == {expected}


def test_shares_over_a_hundred_are_refused_with_both():
    with pytest.raises(ValidationError, match=r"canary_percent \(60\) \+ ab_percent \(50\) must be at most 100"):
        TrafficSettings(canary_percent=60, ab_percent=50)
