from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import Container, EveryContainer, Role
from policies.quantities import parse_quantity
from policies.rule import rule

_MEMORY_RATIO = Decimal("2.5")
_CPU_RATIO = Decimal(10)
_STATEFUL = frozenset({"StatefulSet"})


@rule(
    id="POD-027",
    title="Limit how far limits exceed requests",
    severity=Severity.MEDIUM,
    topics=("resources", "availability", "quotas"),
    # Kubernetes refuses resources on ephemeral containers.
    applies_to=EveryContainer(roles=frozenset(Role) - {Role.EPHEMERAL}, complete_only=True),
    rationale=(
        "Pods are placed by their requests. Memory that is promised but not reserved is taken back by killing, and what"
        " holds data is killed at the worst moment; CPU that is not reserved is only slower, so it may be promised more"
        " freely."
    ),
    remediation=(
        "Set limits no lower than requests; for memory at most 2.5 times the request (equal for a StatefulSet), for CPU"
        " at most 10 times."
    ),
)
def limit_resource_ratio(container: Container) -> Iterator[Violation]:
    """Judges the pairs that are there; a missing one is for the rules about requests and limits."""
    memory = Decimal(1) if container.pod.resource.kind in _STATEFUL else _MEMORY_RATIO
    for place in (container.node["resources"], container.pod.spec["resources"]):
        for resource, ratio in (("cpu", _CPU_RATIO), ("memory", memory)):
            yield from _pair(place, resource, ratio, container.name)


def _pair(place: Node, resource: str, ratio: Decimal, who: str) -> Iterator[Violation]:
    limit, request = place["limits"][resource], place["requests"][resource]
    most, least = parse_quantity(limit.value()), parse_quantity(request.value())
    if most is None or least is None or least <= 0:
        return
    if most < least:
        message = f"{who} has the {resource} limit {limit.shown()} below its request {request.shown()}"
        yield Violation(limit.path, message)
    elif most > least * ratio:
        message = (
            f"{who} has the {resource} limit {limit.shown()}, more than {ratio} times its request {request.shown()}"
        )
        yield Violation(limit.path, message)
