from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.autoscalers import HORIZONTAL, SCALABLE, SCALED_OBJECT, Target, find_workload, target_of
from policies.kinds import by_namespace, of_kinds
from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged

_FIXED: Final = frozenset({"DaemonSet", "Job", "CronJob", "Pod"})


@rule(
    id="QUOTA-010",
    title="Require that each autoscaler has a target of its own that can be scaled",
    severity=Severity.HIGH,
    topics=("quota", "autoscaling", "correctness"),
    applies_to=WholeStack(),
    rationale=(
        "An autoscaler whose target is not there does nothing, and two for one target fight; replicas in the target's"
        " manifest undo its decision with each deployment."
    ),
    remediation=(
        "Name a Deployment or StatefulSet of the same namespace, leave spec.replicas out of it, and keep one"
        " autoscaler for it."
    ),
)
def require_autoscaler_target(stack: Stack) -> Iterator[Violation]:
    """One violation for each autoscaler without a fitting target, and for replicas that stand beside an autoscaler."""
    autoscalers = of_kinds(stack.resources, HORIZONTAL, SCALED_OBJECT)
    if not autoscalers:
        return
    workloads = by_namespace(of_kinds(stack.resources, *SCALABLE))
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
        workload = find_workload(target, workloads)
        if workload is None:
            # Of kinds that are not listed, and of namespaces of others, nobody here knows what there is.
            known = any(kind == each for _, each in SCALABLE)
            others = [space for space in workloads if known and find_workload((space, kind, name), workloads)]
            if known and namespace not in workloads and others:
                yield Violation(reference.path, f"{kind} {name} is in namespace {others[0]}, not in {namespace}")
            elif known and namespace in workloads:
                yield Violation(reference.path, f"there is no {kind} {name} in namespace {namespace}")
            return
        if workload.root.at("spec", "replicas").exists():
            path = workload.root.at("spec", "replicas").path
            yield Violation(path, f"{autoscaler.address} scales what has fixed replicas", resource=workload)

    yield from judged(autoscalers, check)
