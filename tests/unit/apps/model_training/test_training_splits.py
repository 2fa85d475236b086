import numpy as np
import pytest
from model_training.splits import SplitPlan, TooLittleHistoryError, split, walk_forward
from pricemodel.history import History
from pricemodel.training import TrainingSet, training_set

PLAN = SplitPlan(held_out_years=1, validation_years=1, embargo_days=5, folds=4)


@pytest.fixture(scope="module")
def rows() -> TrainingSet:
    days = np.arange("2016-01-01", "2022-03-01", dtype="datetime64[D]")
    closes = 50 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.02, len(days))))
    return training_set(History("X", days, closes))


def test_parts_follow_each_other_and_no_answer_reaches_into_the_next(rows: TrainingSet):
    parts = split("X", rows, PLAN)
    gap = np.timedelta64(PLAN.embargo_days, "D")
    assert parts.train.answered.max() + gap < parts.validation.days.min()
    assert parts.validation.answered.max() + gap < parts.held_out.days.min()
    assert parts.held_out.days.max() == rows.days.max()


def test_the_last_years_are_held_out_and_the_ones_before_validate(rows: TrainingSet):
    parts = split("X", rows, PLAN)
    assert str(parts.held_out.days.min()) == "2021-03-01"
    assert str(parts.validation.days.min()) == "2020-02-29"
    assert len(parts.held_out) == 364


def test_what_is_learnt_from_in_the_end_is_training_and_validation_and_nothing_held_out(rows: TrainingSet):
    parts = split("X", rows, PLAN)
    assert set(parts.train.days.tolist()) < set(parts.development.days.tolist())
    assert set(parts.validation.days.tolist()) <= set(parts.development.days.tolist())
    assert not set(parts.held_out.days.tolist()) & set(parts.development.answered.tolist())


def test_walking_forward_each_fold_is_judged_by_what_lay_before_it(rows: TrainingSet):
    folds = list(walk_forward(rows, PLAN))
    assert len(folds) == 4
    for learnt, judged in folds:
        assert learnt.answered.max() + np.timedelta64(PLAN.embargo_days, "D") < judged.days.min()
    seen = np.concatenate([judged.days for _, judged in folds])
    assert (np.diff(seen) > np.timedelta64(0, "D")).all()
    assert seen[-1] == rows.days[-1]
    assert len(seen) == len(rows) - len(rows) // 2


def test_a_history_that_is_too_short_is_told_with_the_part_and_the_fix(rows: TrainingSet):
    with pytest.raises(TooLittleHistoryError, match=r"X: \d+ rows in the part train, at least 100 are needed; give"):
        split("X", rows, SplitPlan(held_out_years=3, validation_years=3))


def test_years_that_end_on_a_leap_day_begin_in_march(rows: TrainingSet):
    until = rows.select(rows.answered <= np.datetime64("2020-02-29"))
    parts = split("X", until, PLAN)
    assert str(parts.held_out.days.min()) == "2019-03-01"
