"""The exponents that the benchmark of tenants prints."""

import pytest

from bench.tenants.measure import added_exponent, exponent

COUNTS = (1, 10, 100)


def test_what_grows_with_the_number_and_with_its_square_is_told_by_the_exponent():
    assert exponent(COUNTS, [2, 20, 200]) == pytest.approx(1)
    assert exponent(COUNTS, [3, 300, 30_000]) == pytest.approx(2)


def test_a_floor_hides_growth_from_the_whole_and_not_from_what_is_added():
    values = [50 + 0.1 * count for count in COUNTS]
    assert exponent(COUNTS, values) < 0.1
    assert added_exponent(COUNTS, values) == pytest.approx(1)


def test_a_run_in_which_more_tenants_took_less_says_nothing():
    assert added_exponent(COUNTS, [8.2, 1.1, 7.1]) is None
