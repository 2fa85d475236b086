import numpy as np
import pytest
from model_training.scores import direction_scores, share_of


def test_shares_are_those_of_the_counts():
    said = np.array([True] * 50 + [False] * 50)
    went = np.array([True] * 40 + [False] * 10 + [True] * 20 + [False] * 30)
    scores = direction_scores(said, went, seed=1, probability_up=np.where(said, 0.8, 0.2))
    assert scores.rows == 100
    assert scores.accuracy.value == 0.7
    assert scores.precision.value == 0.8
    assert scores.recall.value == pytest.approx(40 / 60, abs=1e-6)
    assert scores.balanced_accuracy.value == pytest.approx((40 / 60 + 30 / 40) / 2, abs=1e-6)
    assert scores.brier == pytest.approx((70 * 0.04 + 30 * 0.64) / 100)


def test_saying_always_the_same_is_worth_a_coin_however_often_it_is_right():
    went = np.array([True] * 90 + [False] * 10)
    scores = direction_scores(np.ones(100, dtype=bool), went, seed=1)
    assert scores.accuracy.value == 0.9
    assert scores.balanced_accuracy.value == 0.5


def test_a_share_of_nothing_is_nothing_and_no_error():
    scores = direction_scores(np.zeros(30, dtype=bool), np.ones(30, dtype=bool), seed=1)
    assert (scores.precision.value, scores.recall.value, scores.balanced_accuracy.value) == (0, 0, 0)


def test_the_interval_holds_the_truth_about_nineteen_times_in_twenty():
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(20):
        went = rng.random(500) < 0.5
        said = np.where(rng.random(500) < 0.6, went, ~went)
        interval = direction_scores(said, went, seed=seed).accuracy
        assert interval.low <= interval.value <= interval.high
        held += interval.low <= 0.6 <= interval.high
    assert 17 <= held <= 20


def test_more_rows_give_a_narrower_interval_and_a_seed_the_same_one():
    rng = np.random.default_rng(0)
    went = rng.random(4000) < 0.5
    said = np.where(rng.random(4000) < 0.6, went, ~went)
    few = direction_scores(said[:200], went[:200], seed=1).accuracy
    many = direction_scores(said, went, seed=1).accuracy
    assert many.high - many.low < few.high - few.low
    assert many == direction_scores(said, went, seed=1).accuracy
    assert many != direction_scores(said, went, seed=2).accuracy


def test_the_share_of_the_possible_compares_the_same_rows():
    reached, possible = np.array([True] * 70 + [False] * 30), np.array([True] * 80 + [False] * 20)
    share = share_of(reached, possible, seed=1)
    assert share.value == 0.875
    assert share.low <= 0.875 <= share.high <= 1.0
    assert share_of(possible, possible, seed=1).low == 1.0
