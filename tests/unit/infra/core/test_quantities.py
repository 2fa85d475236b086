import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.core.quantity import Compute, format_cpu, format_memory, parse_cpu, parse_memory, readable_memory

amounts = st.builds(Compute, st.integers(0, 10**7), st.integers(0, 2**50))


@given(st.integers(1, 10**7))
def test_a_formatted_cpu_quantity_parses_back(millicores: int):
    assert parse_cpu(format_cpu(millicores)) == millicores


@given(st.integers(1, 2**60))
def test_a_formatted_memory_quantity_parses_back(amount: int):
    assert parse_memory(format_memory(amount)) == amount


@pytest.mark.parametrize(
    ("text", "millicores"), [("250m", 250), ("2", 2000), ("0.5", 500), (3, 3000), (0.25, 250), ("1.001", 1001)]
)
def test_cpu_is_read_as_kubernetes_writes_it(text: object, millicores: int):
    assert parse_cpu(text) == millicores


@pytest.mark.parametrize(
    ("text", "amount"), [("1Ki", 1024), ("512Mi", 536870912), ("1.5Gi", 1610612736), ("2G", 2 * 10**9), (7, 7)]
)
def test_memory_is_read_as_kubernetes_writes_it(text: object, amount: int):
    assert parse_memory(text) == amount


@pytest.mark.parametrize("text", ["", "x", "-1", "1Gi", "0.0001", "1.5m", True, None, [], "1 "])
def test_what_is_no_cpu_is_refused(text: object):
    with pytest.raises(ValueError, match="must"):
        parse_cpu(text)


@pytest.mark.parametrize("text", ["", "x", "-1", "500m", "0.1", "1.0001Ki", True, None, [], "1 Gi"])
def test_what_is_no_memory_is_refused(text: object):
    with pytest.raises(ValueError, match="must"):
        parse_memory(text)


@given(st.lists(st.integers(0, 100)).filter(lambda shares: sum(shares) <= 100), amounts)
def test_shares_never_add_up_to_more_than_the_whole(shares: list[int], whole: Compute):
    assert sum((whole.percent(share) for share in shares), Compute()).fits(whole)


@given(amounts, amounts)
def test_a_sum_fits_what_it_is_the_sum_of(one: Compute, other: Compute):
    assert one.fits(one + other)
    assert (one + other).fits(one + other)


@pytest.mark.parametrize(("amount", "text"), [(536870912, "512Mi"), (2**30, "1Gi"), (1610612736, "1.5Gi")])
def test_memory_is_shown_to_people_in_round_numbers(amount: int, text: str):
    assert readable_memory(amount) == text
