from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from policies.amounts import amount_at
from policies.autoscalers import HORIZONTAL, SCALABLE, Target, find_workload, target_of
from policies.kinds import by_namespace, of_kinds
from policies.limit_ranges import LIMIT_RANGE, container_defaults
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.pods import Role, pods_of
from policies.rule import WholeStack, rule
from policies.whole import judged


@rule(
    id="QUOTA-017",
    title="Require requests of what an autoscaler measures",
    severity=Severity.MEDIUM,
    topics=("quota", "autoscaling", "correctness"),
    applies_to=WholeStack(),
    rationale=(
        "Utilization is a share of the request. If one container of the pod has none, the autoscaler cannot compute it"
        " and never scales, which is noticed under load."
    ),
    remediation="Give every container of the target requests of what is measured, or measure an average value.",
)
def require_measured_requests(stack: Stack) -> Iterator[Violation]:
    """One violation for each measured resource of which some container of the target has no request and no default."""
    autoscalers = of_kinds(stack.resources, HORIZONTAL)
    if not autoscalers:
        return
    workloads = by_namespace(of_kinds(stack.resources, *SCALABLE))
    ranges = by_namespace(of_kinds(stack.resources, LIMIT_RANGE))

    def check(autoscaler: Resource) -> Iterator[Violation]:
        target: Target | None = target_of(autoscaler)
        workload = find_workload(target, workloads) if target else None
        if target is None or workload is None:
            return
        defaults = container_defaults(ranges.get(target[0], ()))
        for node, resource in _measured(autoscaler.root["spec"]):
            if not _requested(workload, resource, defaults):
                ranges.vouch()
                yield Violation(
                    node.path, f"some container of {workload.address} has no request of {resource} to measure against"
                )

    yield from judged(autoscalers, check)


def _measured(spec: Node) -> Iterator[tuple[Node, str]]:
    percentage = spec["targetCPUUtilizationPercentage"]
    if percentage.exists():
        yield percentage, "cpu"
    for item in spec["metrics"].items():
        metric = item["resource"]
        # Version v2beta1 has the percentage beside the name.
        if metric.at("target", "type").text() == "Utilization" or metric["targetAverageUtilization"].exists():
            yield metric, metric["name"].text() or "cpu"


def _requested(workload: Resource, resource: str, defaults: Mapping[str, Decimal]) -> bool:
    if f"requests.{resource}" in defaults:
        return True
    for pod in pods_of(workload):
        if amount_at(pod.spec.at("resources", "requests")[resource]) is not None:
            continue
        for container in pod.containers():
            resources = container.node["resources"]
            runs = container.role in {Role.APP, Role.SIDECAR}
            if runs and not (resources["requests"][resource].exists() or resources["limits"][resource].exists()):
                return False
    return True
