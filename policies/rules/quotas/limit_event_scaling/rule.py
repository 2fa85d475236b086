from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.autoscalers import SCALED_JOB, SCALED_OBJECT
from policies.kinds import group_kind, kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_MOST: Final = 100
_LONGEST_PAUSE: Final = 3600
"""Seconds. Longer than an hour is no pause but a service that never scales down."""


@rule(
    id="QUOTA-011",
    title="Limit scaling on events: a maximum, a pause and a trigger",
    severity=Severity.MEDIUM,
    topics=("quota", "autoscaling", "cost"),
    applies_to=kinds(SCALED_OBJECT, SCALED_JOB),
    rationale=(
        "KEDA starts up to a hundred replicas if no maximum is set, whatever the quota and the number of partitions;"
        " and without a pause that is chosen a queue that empties and fills starts and stops them all the time."
    ),
    remediation=(
        f"Set maxReplicaCount above minReplicaCount and to at most {_MOST}, cooldownPeriod (1 to {_LONGEST_PAUSE} s) on"
        " a ScaledObject, and at least one trigger; idleReplicaCount must be below minReplicaCount."
    ),
)
def limit_event_scaling(resource: Resource) -> Iterator[Violation]:
    """One violation for each bound that is missing or does not fit the others, and for a missing trigger."""
    spec = resource.root["spec"]
    least, most, idle = spec["minReplicaCount"], spec["maxReplicaCount"], spec["idleReplicaCount"]
    low, high = least.integer() or 0, most.integer()
    if high is None:
        yield Violation(most.path, "nothing says how many replicas there may be; KEDA takes 100")
    elif high > _MOST:
        yield Violation(most.path, f"there may be {high} replicas; at most {_MOST}")
    elif high <= low:
        yield Violation(most.path, f"nothing scales: the maximum {high} is not above the minimum {low}")
    if not spec["triggers"].items():
        yield Violation(spec["triggers"].path, "nothing triggers the scaling")
    if group_kind(resource) == SCALED_OBJECT:
        pause = spec["cooldownPeriod"]
        if not 0 < (pause.integer() or 0) <= _LONGEST_PAUSE:
            shown = pause.shown() if pause.exists() else "not set"
            yield Violation(pause.path, f"the pause before scaling to zero is {shown}; 1 to {_LONGEST_PAUSE} seconds")
        if idle.exists() and (idle.integer() or 0) >= low:
            yield Violation(idle.path, f"idleReplicaCount {idle.shown()} is not below minReplicaCount {low}")
