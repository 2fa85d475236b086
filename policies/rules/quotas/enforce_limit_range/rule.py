from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from policies.amounts import amount_at
from policies.kinds import by_namespace, group_kind, of_kinds
from policies.limit_ranges import LIMIT_RANGE, entries_of
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.pods import pods_of
from policies.quotas import least_limits, namespace_quotas
from policies.rule import WholeStack, rule
from policies.whole import judged

_CLAIM = ("core", "PersistentVolumeClaim")


@rule(
    id="QUOTA-007",
    title="Enforce that containers and claims are within the LimitRange, and it within the quota",
    severity=Severity.MEDIUM,
    topics=("quota", "correctness"),
    applies_to=WholeStack(),
    rationale=(
        "The API server refuses a pod or a claim outside the LimitRange of its namespace, but only when the pod is"
        " made: the Deployment is accepted and stays without pods. A maximum above the quota promises what is refused"
        " later."
    ),
    remediation="Bring the amount between min and max of the LimitRange, or change the LimitRange, within the quota.",
)
def enforce_limit_range(stack: Stack) -> Iterator[Violation]:
    """One violation for each amount of a container or a claim outside the range, and each maximum above the quota."""
    found = of_kinds(stack.resources, LIMIT_RANGE)
    if not found:
        return
    ranges = by_namespace(found)
    quotas = namespace_quotas(stack)

    def check(resource: Resource) -> Iterator[Violation]:
        node = resource.root.at("metadata", "namespace")
        namespace = (node.text() or "default") if node.known() else ""
        if group_kind(resource) == LIMIT_RANGE:
            yield from _above_quota(resource, least_limits(quotas.get(namespace, ())))
            return
        for limit_range in ranges.get(namespace, ()):
            for entry in entries_of(limit_range, "Container"):
                yield from _containers(resource, entry)
            if group_kind(resource) == _CLAIM:
                requests = resource.root.at("spec", "resources", "requests")
                for entry in entries_of(limit_range, _CLAIM[1]):
                    yield from _outside(entry, requests, requests, "the claim")

    yield from judged(stack.resources, check)


def _above_quota(limit_range: Resource, hard: dict[str, Decimal]) -> Iterator[Violation]:
    for entry in entries_of(limit_range, "Container"):
        for resource, node in entry["max"].entries():
            most, limit = amount_at(node), hard.get(f"limits.{resource}")
            if most is not None and limit is not None and most > limit:
                yield Violation(
                    node.path, f"max {node.shown()} of {resource} is more than limits.{resource} of the quota"
                )


def _containers(resource: Resource, entry: Node) -> Iterator[Violation]:
    for pod in pods_of(resource):
        for container in pod.containers():
            resources = container.node["resources"]
            yield from _outside(entry, resources["requests"], resources["limits"], container.name)


def _outside(entry: Node, requests: Node, limits: Node, who: str) -> Iterator[Violation]:
    for resource, bound in entry["max"].entries():
        most = amount_at(bound)
        for node in (limits[resource],) if limits is requests else (limits[resource], requests[resource]):
            value = amount_at(node)
            if value is not None and most is not None and value > most:
                yield Violation(node.path, f"{who} asks for {node.shown()} of {resource}; the most is {bound.shown()}")
    for resource, bound in entry["min"].entries():
        least, value = amount_at(bound), amount_at(requests[resource])
        if value is not None and least is not None and value < least:
            node = requests[resource]
            yield Violation(node.path, f"{who} asks for {node.shown()} of {resource}; the least is {bound.shown()}")
