from hypothesis import given, settings
from hypothesis import strategies as st

from infra.core.quantity import Compute, gibibytes
from infra.core.quota import Budget, Share, namespace_budget, namespace_overruns, overruns
from infra.core.workload.spec import Replicas, Storage
from infra.core.workload_share import workload_share
from tests.support.small_workloads import small_workload

QUICK = settings(max_examples=50, deadline=None)
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
PARTS = [
    Share("small", "x", Compute(500, gibibytes(1)), Compute(), 1),
    Share("large", "x", Compute(3000, gibibytes(4)), Compute(), 1),
    Share("last", "x", Compute(1000, gibibytes(1)), Compute(), 1),
]


@QUICK
@given(shares, amounts)
def test_the_verdict_agrees_with_adding_up_by_hand(parts: list[Share], limit: Compute):
    cpu, memory = 0, 0
    for part in parts:
        cpu += part.requests.cpu
        memory += part.requests.memory
    assert (overruns(parts, limit) == ()) == (cpu <= limit.cpu and memory <= limit.memory)


@QUICK
@given(shares)
def test_a_namespace_gets_the_least_whole_numbers_in_which_everything_fits(parts: list[Share]):
    budget = namespace_budget(parts)
    need = sum((part.requests for part in parts), Compute())
    assert need.fits(budget.requests)
    assert budget.requests.cpu - need.cpu < 1000
    assert budget.requests.memory - need.memory < gibibytes(1)
    assert budget.pods == sum(part.pods for part in parts)


def test_the_first_workload_that_no_longer_fits_is_named_with_the_largest_and_the_difference():
    assert "; ".join(map(str, overruns(PARTS, Compute(4000, gibibytes(100))))) == (
        "4500m CPU is asked for, 500m more than there is (4): x/last (1) no longer fits, and x/large (3) is largest"
    )


def test_a_workload_that_is_both_the_largest_and_the_first_too_many_is_named_once():
    assert "; ".join(map(str, overruns(PARTS[:2], Compute(3000, gibibytes(4))))) == (
        "3500m CPU is asked for, 500m more than there is (3): x/large (3) no longer fits; "
        "5Gi memory is asked for, 1Gi more than there is (4Gi): x/large (4Gi) no longer fits"
    )


def test_who_is_blamed_follows_the_order_of_declaration():
    limit = Compute(4000, gibibytes(100))
    assert [overrun.breaks for overrun in overruns(PARTS, limit)] == ["x/last"]
    assert [overrun.breaks for overrun in overruns([*PARTS[1:], PARTS[0]], limit)] == ["x/small"]


def test_every_number_of_a_namespaces_quota_is_compared_in_its_own_namespace_only():
    here = Share("db", "x", Compute(1, 1), Compute(2, gibibytes(2)), 3, gibibytes(4), 5)
    elsewhere = Share("db", "y", Compute(9, 9), Compute(9, 9), 9, 9, 9)
    tight = Budget(Compute(1, 1), Compute(1, gibibytes(1)), 2, gibibytes(3), 4)
    found = list(namespace_overruns([here, elsewhere], {"x": tight}))
    assert {namespace for namespace, _ in found} == {"x"}
    assert [overrun.resource for _, overrun in found] == ["CPU limit", "memory limit", "pods", "storage", "volumes"]
    assert [overrun.excess for _, overrun in found] == ["1m", "1Gi", "1", "1Gi", "1"]


def test_a_namespace_with_room_for_all_has_no_overrun():
    assert not list(namespace_overruns(PARTS, {"x": namespace_budget(PARTS), "empty": namespace_budget([])}))


def test_a_deployment_takes_its_maximum_and_the_pod_that_a_rollout_starts_first():
    share = workload_share(small_workload("deployment", replicas=Replicas(minimum=2, maximum=5)))
    assert share == Share("one", "x", Compute(600, gibibytes(6)), Compute(1200, gibibytes(6)), 6)


def test_a_statefulset_takes_its_pods_and_volumes_and_no_surge():
    volumes = Storage(mount_path="/data", size=gibibytes(10))
    share = workload_share(small_workload("statefulset", replicas=Replicas(minimum=3, maximum=3), storage=volumes))
    assert share == Share("one", "x", Compute(300, gibibytes(3)), Compute(600, gibibytes(3)), 3, gibibytes(30), 3)


def test_a_changed_job_may_run_beside_the_former_one_but_a_cronjob_never_beside_itself():
    assert workload_share(small_workload("job")).pods == 2
    assert workload_share(small_workload("cronjob", schedule="0 2 * * *")).pods == 1
