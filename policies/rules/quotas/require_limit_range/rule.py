from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import by_namespace, name_of, of_kinds
from policies.limit_ranges import LIMIT_RANGE, container_defaults, entries_of
from policies.model import Resource, Severity, Stack, Violation
from policies.pod_size import COMPUTE
from policies.quotas import NAMESPACE
from policies.rule import WholeStack, rule
from policies.whole import judged


@rule(
    id="QUOTA-002",
    title="Require a LimitRange with container defaults in each namespace",
    severity=Severity.MEDIUM,
    topics=("quota", "tenancy"),
    applies_to=WholeStack(),
    rationale=(
        "A quota refuses each pod that says nothing about its resources; defaults let it in at a known size, and a"
        " maximum keeps one container from taking the whole quota."
    ),
    remediation=(
        "Add a LimitRange with an entry of type Container that has default, defaultRequest and max for cpu and memory."
    ),
)
def require_limit_range(stack: Stack) -> Iterator[Violation]:
    """One violation for each namespace whose containers have no default or no maximum of CPU or memory."""
    ranges = by_namespace(of_kinds(stack.resources, LIMIT_RANGE))

    def check(namespace: Resource) -> Iterator[Violation]:
        name = name_of(namespace)
        found = ranges.get(name, [])
        # What is not known yet about one of them is not known about all.
        entries = [entry for limit_range in found for entry in entries_of(limit_range, "Container")]
        if not entries:
            ranges.vouch()
            yield Violation("metadata.name", f"namespace {name} has no LimitRange for containers")
            return
        defaults = container_defaults(found)
        missing = [it for it in COMPUTE if it not in defaults]
        if missing:
            ranges.vouch()
            yield Violation("metadata.name", f"containers in namespace {name} have no default for {', '.join(missing)}")
        for resource in ("cpu", "memory"):
            if not any(entry["max"][resource].exists() for entry in entries):
                ranges.vouch()
                yield Violation("metadata.name", f"containers in namespace {name} have no maximum of {resource}")

    yield from judged(of_kinds(stack.resources, NAMESPACE), check)
