import numpy as np
import pytest
from model_training.promotion import decide
from pricemodel.forest import PriceModel
from pricemodel.history import History
from pricemodel.training import TrainingSet, training_set

from tests.support.price_models import SYMBOLS, fake_model


@pytest.fixture(scope="module")
def held_out() -> dict[str, TrainingSet]:
    """Days of 2016 on which the price mostly rises."""
    days = np.arange("2015-09-01", "2017-01-01", dtype="datetime64[D]")
    closes = 50 * np.exp(np.cumsum(np.random.default_rng(0).normal(0.02, 0.01, len(days))))
    rows = training_set(History("X", days, closes))
    return dict.fromkeys(SYMBOLS, rows.select(rows.days >= np.datetime64("2016-01-01")))


def test_the_first_model_is_promoted(held_out: dict[str, TrainingSet]):
    assert decide(fake_model(0.1), None, held_out, tolerance=0).promote


def test_a_better_model_is_promoted(held_out: dict[str, TrainingSet]):
    decision = decide(fake_model(0.9), fake_model(0.6), held_out, tolerance=0)
    assert decision.promote
    assert decision.challenger_brier is not None
    assert decision.champion_brier is not None
    assert decision.challenger_brier < decision.champion_brier
    assert decision.reason.endswith("tolerance 0: not worse")


def test_a_worse_model_is_not_promoted_and_both_figures_are_told(held_out: dict[str, TrainingSet]):
    decision = decide(fake_model(0.6), fake_model(0.9), held_out, tolerance=0)
    assert not decision.promote
    assert f"{decision.challenger_brier:.6f}" in decision.reason
    assert f"{decision.champion_brier:.6f}" in decision.reason
    assert decision.reason.endswith("worse")


def test_an_equal_model_is_not_worse(held_out: dict[str, TrainingSet]):
    assert decide(fake_model(0.7), fake_model(0.7), held_out, tolerance=0).promote


def test_a_tolerance_lets_a_slightly_worse_model_in(held_out: dict[str, TrainingSet]):
    assert not decide(fake_model(0.89), fake_model(0.9), held_out, tolerance=0).promote
    assert decide(fake_model(0.89), fake_model(0.9), held_out, tolerance=0.05).promote


def test_only_days_that_the_champion_has_not_learnt_from_are_compared(held_out: dict[str, TrainingSet]):
    late = fake_model(0.6, trained_until="2016-12-01")
    decision = decide(fake_model(0.9), late, held_out, tolerance=0)
    days = sum(int((rows.days > np.datetime64("2016-12-01")).sum()) for rows in held_out.values())
    assert f"on {days} days that neither has learnt from" in decision.reason


def test_where_the_champion_knows_every_day_nothing_is_promoted(held_out: dict[str, TrainingSet]):
    decision = decide(fake_model(0.9), fake_model(0.6, trained_until="2020-01-01"), held_out, tolerance=0)
    assert not decision.promote
    assert "nothing to compare on" in decision.reason


def test_a_model_that_forgets_a_symbol_is_not_promoted(held_out: dict[str, TrainingSet]):
    decision = decide(fake_model(0.9, symbols=SYMBOLS[:1]), fake_model(0.1), held_out, tolerance=1)
    assert not decision.promote
    assert decision.reason == f"it does not know {SYMBOLS[1]}, which the champion knows"


def test_a_champion_of_other_features_is_replaced(held_out: dict[str, TrainingSet]):
    old = fake_model(0.9)
    stale = PriceModel(old.facts.model_copy(update={"feature_names": ("price",)}), old.forests)
    assert decide(fake_model(0.1), stale, held_out, tolerance=0).promote
