from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from policies.amounts import amount_at
from policies.autoscalers import HORIZONTAL, SCALED_OBJECT, Target, target_of
from policies.kinds import by_namespace, group_kind, name_of, namespace_of, of_kinds
from policies.limit_ranges import LIMIT_RANGE, container_defaults
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.pods import Role, pods_of
from policies.rule import WholeStack, rule
from policies.whole import judged

_WORKLOADS: Final = (("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "ReplicaSet"))
_FIXED: Final = frozenset({"DaemonSet", "Job", "CronJob", "Pod"})


@rule(
    id="QUOTA-010",
    title="Require that each autoscaler has a target of its own that can be scaled",
    severity=Severity.HIGH,
    topics=("quota", "autoscaling", "correctness"),
    applies_to=WholeStack(),
    rationale=(
        "An autoscaler whose target is not there, has no requests to measure against or is scaled by another one does"
        " nothing or fights; replicas in the target's manifest undo its decision with each deployment."
    ),
    remediation=(
        "Name a Deployment or StatefulSet of the same namespace, leave spec.replicas out of it, give its containers"
        " requests of what is measured, and keep one autoscaler for it."
    ),
)
def require_autoscaler_target(stack: Stack) -> Iterator[Violation]:
    """One violation for each autoscaler without a fitting target, and for replicas that stand beside an autoscaler."""
    autoscalers = of_kinds(stack.resources, HORIZONTAL, SCALED_OBJECT)
    if not autoscalers:
        return
    workloads: dict[Target, Resource] = {}
    for resource in of_kinds(stack.resources, *_WORKLOADS):
        if resource.root.at("metadata", "namespace").known() and resource.root.at("metadata", "name").known():
            workloads[namespace_of(resource), resource.kind, name_of(resource)] = resource
    namespaces = {namespace for namespace, _, _ in workloads}
    ranges = by_namespace(of_kinds(stack.resources, LIMIT_RANGE))
    first: dict[Target, str] = {}

    def check(autoscaler: Resource) -> Iterator[Violation]:
        reference = autoscaler.root.at("spec", "scaleTargetRef")
        target = target_of(autoscaler)
        if target is None:
            yield Violation(reference.path, "the autoscaler names no target")
            return
        namespace, kind, name = target
        if kind in _FIXED:
            yield Violation(reference["kind"].path, f"a {kind} cannot be scaled")
            return
        other = first.setdefault(target, autoscaler.address)
        if other != autoscaler.address:
            yield Violation(reference.path, f"{kind} {name} is scaled by {other}, too")
        workload = workloads.get(target)
        if workload is None:
            # Of kinds that are not listed, and of namespaces of others, nobody here knows what there is.
            if any(kind == known for _, known in _WORKLOADS) and namespace in namespaces:
                yield Violation(reference.path, f"there is no {kind} {name} in namespace {namespace}")
            return
        if workload.root.at("spec", "replicas").exists():
            path = workload.root.at("spec", "replicas").path
            yield Violation(path, f"{autoscaler.address} scales what has fixed replicas", resource=workload)
        if group_kind(autoscaler) == HORIZONTAL:
            yield from _measured(autoscaler.root["spec"], workload, container_defaults(ranges.get(namespace, ())))

    yield from judged(autoscalers, check)


def _measured(spec: Node, workload: Resource, defaults: Mapping[str, Decimal]) -> Iterator[Violation]:
    percentage = spec["targetCPUUtilizationPercentage"]
    measured = [(percentage, "cpu")] if percentage.exists() else []
    for node in spec["metrics"].items():
        metric = node["resource"]
        # Version v2beta1 has the percentage beside the name.
        if metric.at("target", "type").text() == "Utilization" or metric["targetAverageUtilization"].exists():
            measured.append((metric, metric["name"].text() or "cpu"))
    for node, resource in measured:
        if f"requests.{resource}" not in defaults and not _requested(workload, resource):
            yield Violation(
                node.path, f"some container of {workload.address} has no request of {resource} to measure against"
            )


def _requested(workload: Resource, resource: str) -> bool:
    for pod in pods_of(workload):
        if amount_at(pod.spec.at("resources", "requests")[resource]) is not None:
            continue
        for container in pod.containers():
            resources = container.node["resources"]
            runs = container.role in {Role.APP, Role.SIDECAR}
            if runs and not (resources["requests"][resource].exists() or resources["limits"][resource].exists()):
                return False
    return True
