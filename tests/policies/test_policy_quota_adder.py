"""QUOTA-005 against an adder that knows nothing of it, on stacks made at random."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.runtime import load_packs
from tests.support.policy_examples import findings_of, resource_from

RULE = load_packs(["quotas"]).rules["QUOTA-005"]
MI = 2**20

KINDS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "Job": "batch/v1"}
WORKLOADS = st.lists(
    st.tuples(
        st.sampled_from(sorted(KINDS)),
        st.integers(0, 6),
        st.integers(1, 3000),
        st.integers(1, 4096),
        st.one_of(st.none(), st.integers(1, 12)),
        st.integers(0, 3),
    ),
    max_size=6,
)


def _workload(number: int, kind: str, replicas: int, milli: int, mebi: int, surge: int) -> dict[str, Any]:
    resources = {"requests": {"cpu": f"{milli}m", "memory": f"{mebi}Mi"}}
    spec: dict[str, Any] = {"template": {"spec": {"containers": [{"name": "it", "resources": resources}]}}}
    spec["parallelism" if kind == "Job" else "replicas"] = replicas
    if kind == "Deployment":
        spec["strategy"] = {"rollingUpdate": {"maxSurge": surge}}
    metadata = {"name": f"w{number}", "namespace": "n"}
    return {"apiVersion": KINDS[kind], "kind": kind, "metadata": metadata, "spec": spec}


def _autoscaler(number: int, kind: str, most: int) -> dict[str, Any]:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": f"w{number}", "namespace": "n"},
        "spec": {"maxReplicaCount": most, "scaleTargetRef": {"kind": kind, "name": f"w{number}"}},
    }


Workload = tuple[str, int, int, int, int | None, int]
STACKS = given(WORKLOADS, st.integers(0, 40_000), st.integers(0, 40_000), st.integers(0, 40))


@settings(max_examples=60, deadline=None)
@STACKS
def test_the_verdict_on_a_quota_is_that_of_a_naive_adder(workloads: list[Workload], cpu: int, memory: int, pods: int):
    _agree(workloads, cpu, memory, pods)


@pytest.mark.soak
@settings(max_examples=1000, deadline=None)
@STACKS
def test_the_verdict_on_a_thousand_quotas_is_that_of_a_naive_adder(
    workloads: list[Workload], cpu: int, memory: int, pods: int
):
    _agree(workloads, cpu, memory, pods)


def _agree(workloads: list[Workload], cpu: int, memory: int, pods: int) -> None:
    documents: list[dict[str, Any]] = []
    sums = [0, 0, 0]
    for number, (kind, replicas, milli, mebi, most, surge) in enumerate(workloads):
        documents.append(_workload(number, kind, replicas, milli, mebi, surge))
        count = replicas
        if kind != "Job" and most is not None:
            documents.append(_autoscaler(number, kind, most))
            count = max(replicas, most)
        if kind == "Deployment" and count:
            count += surge
        sums = [sums[0] + count * milli, sums[1] + count * mebi * MI, sums[2] + count]
    hard = {"requests.cpu": f"{cpu}m", "requests.memory": f"{memory}Mi", "pods": str(pods)}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "n"}}
    documents.insert(0, {**quota, "spec": {"hard": hard}})
    allowed = [cpu, memory * MI, pods]
    expected = {name for name, total, most in zip(hard, sums, allowed, strict=True) if total > most}
    found = findings_of(RULE, [resource_from(document) for document in documents])
    paths = {'spec.hard["requests.cpu"]', 'spec.hard["requests.memory"]', "spec.hard.pods"}
    assert {finding.path for finding in found} <= paths
    assert {name for name in hard if any(name in finding.path for finding in found)} == expected
