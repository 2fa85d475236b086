from hypothesis import given
from hypothesis import strategies as st

from infra.core.quantity import Compute, gibibytes
from infra.core.quota import Share, namespace_budget, shortfall

amounts = st.builds(Compute, st.integers(1, 10**6), st.integers(1, 2**45))
shares = st.lists(
    st.builds(
        Share,
        name=st.sampled_from("abc"),
        namespace=st.sampled_from("xy"),
        requests=amounts,
        limits=amounts,
        pods=st.integers(1, 100),
    ),
    min_size=1,
    max_size=20,
)


@given(shares, amounts)
def test_the_verdict_agrees_with_adding_up_by_hand(parts: list[Share], limit: Compute):
    cpu, memory = 0, 0
    for part in parts:
        cpu += part.requests.cpu
        memory += part.requests.memory
    assert (shortfall(parts, limit) is None) == (cpu <= limit.cpu and memory <= limit.memory)


@given(shares)
def test_a_namespace_gets_the_least_whole_numbers_in_which_everything_fits(parts: list[Share]):
    budget = namespace_budget(parts)
    need = sum((part.requests for part in parts), Compute())
    assert need.fits(budget.requests)
    assert budget.requests.cpu - need.cpu < 1000
    assert budget.requests.memory - need.memory < gibibytes(1)
    assert budget.pods == sum(part.pods for part in parts)


def test_what_does_not_fit_is_named_with_the_difference():
    parts = [
        Share("small", "x", Compute(500, gibibytes(1)), Compute(), 1),
        Share("large", "x", Compute(3000, gibibytes(4)), Compute(), 1),
    ]
    text = shortfall(parts, Compute(3000, gibibytes(4)))
    assert text == (
        "3500m CPU is asked for, 500m more than there is; x/large asks for 3 of it; "
        "5Gi memory is asked for, 1Gi more than there is; x/large asks for 4Gi of it"
    )
