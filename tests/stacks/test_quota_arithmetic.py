"""The program's quota verdicts against a naive adder of what it renders, over random stacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.components.foundation.tenancy_layout import NamespaceSpec, content_manifests, tenant_share, tenant_spec
from infra.components.streaming import strimzi_layout
from infra.components.streaming.strimzi_layout import OPERATOR_NAMESPACE, StrimziArgs
from infra.core.catalog.charts import Footprint
from infra.core.catalog.images import Image
from infra.core.catalog.tenants import Tenant
from infra.core.labels import Ownership
from infra.core.quantity import Compute, format_cpu, format_memory, gibibytes
from infra.core.quota import Share
from infra.core.workload.manifests import workload_manifests
from infra.core.workload.spec import Port, Probe, Probes, Replicas, Resources, Storage, WorkloadSpec
from infra.core.workload_share import workload_share
from infra.stacks.budget import largest_pod, platform_budgets, quota_problems
from tests.support.naive_quota import outside_limit_ranges, too_much
from tests.support.pulumi_mocks import configuration
from tests.support.renders import rendered

MEBIBYTE = 1024**2
OWNERSHIP = Ownership(environment="dev", owner="team", cost_centre="cc-1")
IMAGE = Image.model_validate({"repository": "r", "tag": "1", "user": 1, "group": 1, "source": "a test"})
PROBE = Probe(port="web")
SERVED = {"ports": (Port(name="web", number=80),), "probes": Probes(liveness=PROBE, readiness=PROBE)}
TENANTS = ("red", "green", "blue")
PLACES = ("platform-streaming", "platform-data", *(f"tenant-{name}" for name in TENANTS))


@dataclass(frozen=True)
class Stack:
    """Workloads and tenants, with or without Kafka under its operator."""

    quota: Compute
    workloads: tuple[WorkloadSpec, ...]
    tenants: dict[str, Tenant]
    kafka: StrimziArgs | None
    footprint: Footprint

    @property
    def homes(self) -> list[Share]:
        return [tenant_share(name, tenant, self.quota) for name, tenant in self.tenants.items()]

    @property
    def shares(self) -> list[Share]:
        kafka = strimzi_layout.shares(self.kafka) if self.kafka else ()
        operator = strimzi_layout.operator_shares(self.footprint) if self.kafka else ()
        return [*map(workload_share, self.workloads), *kafka, *operator]

    def manifests(self) -> list[dict[str, Any]]:
        found = [manifest for spec in self.workloads for _, manifest in workload_manifests(spec)]
        if self.kafka:
            found += [manifest for _, manifest in strimzi_layout.cluster_manifests(self.kafka)]
            values = strimzi_layout.operator_values(self.footprint, OWNERSHIP)
            found.append(
                {"kind": "ChartValues", "metadata": {"name": "o", "namespace": OPERATOR_NAMESPACE}, "spec": values}
            )
        namespaces = [tenant_spec(name, tenant, "dev", self.quota) for name, tenant in self.tenants.items()]
        for name, budget in platform_budgets(self.shares, self.homes).items():
            namespaces.append(
                NamespaceSpec(name=name, ownership=OWNERSHIP, budget=budget, largest=Compute(1, 1), roles=())
            )
        return found + [manifest for namespace in namespaces for _, manifest in content_manifests(namespace)]


@st.composite
def workloads(draw: st.DrawFn, places: tuple[str, ...]) -> WorkloadSpec:
    kind = draw(st.sampled_from(("deployment", "deployment", "statefulset", "job", "cronjob")))
    least = draw(st.integers(1, 6)) if kind in ("deployment", "statefulset") else 1
    most = least + (draw(st.integers(0, 6)) if kind == "deployment" else 0)
    cpu = draw(st.integers(1, 6000))
    facts: dict[str, Any] = {
        "name": f"w{draw(st.integers(0, 10**6))}",
        "namespace": draw(st.sampled_from(places)),
        "component": "test",
        "kind": kind,
        "ownership": OWNERSHIP,
        "image": IMAGE,
        "replicas": Replicas(minimum=least, maximum=most),
        "resources": Resources(
            cpu_request=cpu, cpu_limit=cpu + draw(st.integers(0, 4000)), memory=draw(st.integers(4, 16_000)) * MEBIBYTE
        ),
    }
    if kind in ("deployment", "statefulset"):
        facts |= SERVED
    if kind == "statefulset" and draw(st.booleans()):
        facts["storage"] = Storage(mount_path="/data", size=draw(st.integers(1, 200_000)) * MEBIBYTE)
    if kind == "cronjob":
        facts["schedule"] = "0 2 * * *"
    return WorkloadSpec(**facts)


@st.composite
def stacks(draw: st.DrawFn) -> Stack:
    quota = Compute(draw(st.integers(1000, 160_000)), draw(st.integers(1, 320)) * gibibytes(1))
    tenants = {
        name: Tenant.model_validate(
            {
                "owner": "team",
                "costCentre": "cc-1",
                "quotaPercent": draw(st.integers(1, 45)),
                "clearance": ["public"],
            }
        )
        for name in draw(st.lists(st.sampled_from(TENANTS), unique=True))
    }
    places = tuple(place for place in PLACES if place.startswith("platform") or place[7:] in tenants)
    kafka = None
    if draw(st.booleans()):
        kafka = StrimziArgs(
            version="4.3.1",
            ownership=OWNERSHIP,
            brokers=draw(st.integers(1, 9)),
            replication=1,
            min_in_sync=1,
            zones=3,
            cpu=draw(st.integers(1, 4000)),
            memory=draw(st.integers(512, 16_000)) * MEBIBYTE,
            storage=draw(st.integers(1, 500)) * gibibytes(1),
        )
    footprint = Footprint.model_validate(
        {"replicas": draw(st.integers(1, 3)), "cpu": "500m", "memory": f"{draw(st.integers(128, 2048))}Mi"}
    )
    return Stack(
        quota,
        tuple(draw(st.lists(workloads(places), max_size=5, unique_by=lambda spec: spec.name))),
        tenants,
        kafka,
        footprint,
    )


def verdicts_agree(stack: Stack) -> bool:
    """Compares both, and says whether the stack fits."""
    problems = quota_problems(stack.shares, stack.homes, stack.quota, file="Pulumi.dev.yaml")
    cpu, memory = format_cpu(stack.quota.cpu), format_memory(stack.quota.memory)
    naive = too_much(stack.manifests(), cpu=cpu, memory=memory)
    assert bool(problems) == bool(naive), (problems, naive)
    for problem in problems:
        assert "more than there is" in problem.limit
        assert "no longer fits" in problem.limit
    return not problems


def test_quota_verdicts_agree_with_a_naive_adder_on_1000_stacks() -> None:
    seen = {True: 0, False: 0}

    @settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(stacks())
    def judge(stack: Stack) -> None:
        seen[verdicts_agree(stack)] += 1

    judge()
    assert sum(seen.values()) >= 1000
    assert min(seen.values()) >= 100, seen


def _stack(quota: Compute, spec: WorkloadSpec, **tenants: int) -> Stack:
    facts = {"owner": "team", "costCentre": "cc-1", "clearance": ["public"]}
    entries = {name: Tenant.model_validate(facts | {"quotaPercent": share}) for name, share in tenants.items()}
    footprint = Footprint.model_validate({"replicas": 1, "cpu": "500m", "memory": "512Mi"})
    return Stack(quota, (spec,), entries, None, footprint)


def _server(place: str, replicas: int) -> WorkloadSpec:
    return WorkloadSpec(
        name="server",
        namespace=place,
        component="test",
        ownership=OWNERSHIP,
        image=IMAGE,
        replicas=Replicas(minimum=1, maximum=replicas),
        resources=Resources(cpu_request=1000, cpu_limit=1000, memory=gibibytes(1)),
        **SERVED,
    )


@pytest.mark.parametrize(("quota", "fits"), [(4000, True), (3999, False)])
def test_the_last_millicore_counts(quota: int, fits: bool) -> None:
    assert verdicts_agree(_stack(Compute(quota, gibibytes(100)), _server("platform-data", 3))) == fits


@pytest.mark.parametrize(("replicas", "fits"), [(9, True), (10, False)])
def test_a_tenants_workload_counts_against_the_tenants_share_and_is_named(replicas: int, fits: bool) -> None:
    stack = _stack(Compute(100_000, gibibytes(1000)), _server("tenant-red", replicas), red=10)
    assert verdicts_agree(stack) == fits
    texts = [str(problem) for problem in quota_problems(stack.shares, stack.homes, stack.quota, file="f")]
    assert fits or texts[0] == (
        "infra/catalog/tenants.yaml: tenants.red.quotaPercent is a share of 10 CPU and 100Gi: smaller than what runs "
        "in tenant-red: 11 CPU is asked for, 1 more than there is (10): tenant-red/server (11) no longer fits. "
        "Raise it, or ask for fewer replicas or smaller sizes there."
    )


def test_a_limit_range_allows_the_largest_pod_and_no_more() -> None:
    server, other = _server("platform-data", 4), _server("platform-data", 1).model_copy(update={"name": "other"})
    shares = [workload_share(server), workload_share(other)]
    assert largest_pod(shares) == Compute(1000, gibibytes(1))


def test_quotas_are_whole_cores_and_must_fit_as_such() -> None:
    spec = _server("platform-data", 1)
    spec = spec.model_copy(update={"resources": Resources(cpu_request=1100, cpu_limit=1100, memory=gibibytes(1))})
    stack = _stack(Compute(2500, gibibytes(100)), spec)
    assert not verdicts_agree(stack)
    (problem,) = quota_problems(stack.shares, stack.homes, stack.quota, file="f")
    assert "the namespaces' quotas, which are whole cores and GiB" in problem.limit


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_what_each_stack_renders_fits_its_quotas_and_limit_ranges_by_the_naive_adder(stack: str) -> None:
    found = rendered(stack).kubernetes()
    manifests = [resource.inputs for resource in found if resource.custom and "kind" in resource.inputs]
    quota = configuration(stack)["quota"]
    assert too_much(manifests, cpu=quota["cpu"], memory=quota["memory"]) == []
    assert outside_limit_ranges(manifests) == []
