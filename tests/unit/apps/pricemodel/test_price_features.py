import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pricemodel.features import (
    FEATURE_NAMES,
    MINIMUM_HISTORY,
    STORED_NAMES,
    MissingFeatureError,
    on_demand,
    stored_columns,
    stored_features,
)
from pricemodel.history import History
from pricemodel.training import training_set

DAYS = np.arange("2024-01-01", "2024-12-31", dtype="datetime64[D]")


def history(closes: np.ndarray) -> History:
    return History("X", DAYS[: len(closes)], np.asarray(closes, dtype=np.float64))


def walk(count: int, seed: int = 0) -> History:
    return history(50 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.02, count))))


@settings(max_examples=8, deadline=None)
@given(
    prices=st.lists(st.floats(0.01, 1e6), min_size=MINIMUM_HISTORY + 2, max_size=MINIMUM_HISTORY + 30),
    data=st.data(),
)
def test_the_training_row_of_a_day_is_the_vector_served_on_it_to_the_last_bit(prices: list[float], data: st.DataObject):
    known = history(np.array(prices))
    rows = training_set(known)
    row = data.draw(st.integers(0, len(rows) - 1))
    place = MINIMUM_HISTORY + row
    served = on_demand(stored_features(known.upto(place)), known.closes[place])
    assert rows.days[row] == known.days[place]
    assert served.tobytes() == rows.features[row].tobytes()


@settings(max_examples=8, deadline=None)
@given(
    later=st.lists(st.floats(0.01, 1e6), min_size=5, max_size=20), seed=st.integers(0, 1000), cut=st.integers(95, 120)
)
def test_changing_the_future_changes_no_feature_of_the_past(later: list[float], seed: int, cut: int):
    known = walk(cut, seed)
    changed = history(np.concatenate([known.closes, later]))
    before, after = training_set(known), training_set(changed)
    assert before.features.tobytes() == after.features[: len(before)].tobytes()
    columns = stored_columns(changed)
    for name, column in stored_columns(known).items():
        assert column.tobytes() == columns[name][: len(column)].tobytes(), name


def test_every_row_says_when_its_answer_was_known():
    rows = training_set(walk(120))
    assert len(rows) == 120 - MINIMUM_HISTORY - 1
    assert (rows.answered > rows.days).all()
    assert rows.up.tolist() == (rows.next_prices > rows.prices).tolist()


def test_each_stored_feature_is_what_its_definition_says():
    known = walk(130, seed=3)
    closes, logs = known.closes, np.log(known.closes)
    returns = np.diff(logs)
    stored = stored_features(known)
    expected = {
        "last_close": closes[-1],
        "average_7": np.mean(closes[-7:]),
        "average_30": np.mean(closes[-30:]),
        "average_90": np.mean(closes[-90:]),
        "volatility_7": np.std(returns[-7:], ddof=1),
        "volatility_30": np.std(returns[-30:], ddof=1),
        "trend_7": np.polyfit(np.arange(7), logs[-7:], 1)[0],
        "trend_30": np.polyfit(np.arange(30), logs[-30:], 1)[0],
        "momentum_1": logs[-1] - logs[-2],
        "momentum_7": logs[-1] - logs[-8],
        "momentum_30": logs[-1] - logs[-31],
        "low_30": closes[-30:].min(),
        "high_30": closes[-30:].max(),
        "performance_index": 100 * closes[-1] / closes[-91],
    }
    day = known.days[-1].item()
    weekday, year = 2 * math.pi * day.weekday() / 7, 2 * math.pi * (day.timetuple().tm_yday - 1) / 365.25
    expected |= {"weekday_sin": math.sin(weekday), "weekday_cos": math.cos(weekday)}
    expected |= {"year_sin": math.sin(year), "year_cos": math.cos(year)}
    assert tuple(stored) == STORED_NAMES
    assert stored == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_rows_joined_together_are_the_rows_joined_one_by_one():
    known = walk(140)
    stored = stored_columns(known)
    prices = stored["last_close"] * 1.01
    together = on_demand(stored, prices)
    assert together.shape == (len(prices), len(FEATURE_NAMES))
    for row, price in enumerate(prices):
        alone = on_demand({name: column[row] for name, column in stored.items()}, price)
        assert alone.tobytes() == together[row].tobytes()


def test_a_price_that_never_moved_gives_finite_features():
    flat = history(np.full(MINIMUM_HISTORY, 42.0))
    assert np.isfinite(on_demand(stored_features(flat), 42.0)).all()
    assert np.isfinite(on_demand(stored_features(flat), 43.0)).all()


def test_features_do_not_depend_on_the_unit_of_the_price():
    known = walk(120)
    cents = history(known.closes * 64)
    np.testing.assert_allclose(training_set(known).features, training_set(cents).features, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("price", [0.0, -37.63, math.nan, math.inf])
def test_a_price_without_a_logarithm_is_refused(price: float):
    with pytest.raises(ValueError, match="price: must be a finite number above 0"):
        on_demand(stored_features(walk(100)), price)


@pytest.mark.parametrize("name", STORED_NAMES)
def test_a_missing_or_infinite_feature_is_named(name: str):
    stored = stored_features(walk(100))
    for broken in (
        stored | {name: math.nan},
        stored | {name: math.inf},
        {k: v for k, v in stored.items() if k != name},
    ):
        with pytest.raises(MissingFeatureError, match=f"feature {name}: ") as caught:
            on_demand(broken, 50.0)
        assert caught.value.name == name


def test_an_average_of_zero_is_named_instead_of_divided_by():
    with pytest.raises(MissingFeatureError, match="feature average_30: must be above 0"):
        on_demand(stored_features(walk(100)) | {"average_30": 0.0}, 50.0)


def test_too_short_a_history_is_told_with_its_length_and_the_limit():
    with pytest.raises(ValueError, match="X: 90 days of history; features need at least 91"):
        stored_features(walk(90))
    with pytest.raises(ValueError, match="X: 92 days of history; training needs at least 93"):
        training_set(walk(92))
