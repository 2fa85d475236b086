from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.autoscalers import HORIZONTAL
from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_LEAST: Final = 2
_MOST: Final = 100


@rule(
    id="QUOTA-009",
    title="Require bounds between which an autoscaler can work",
    severity=Severity.MEDIUM,
    topics=("quota", "autoscaling", "availability"),
    applies_to=kinds(HORIZONTAL),
    rationale=(
        "With a minimum of one, one node that goes away takes the service along; with a minimum equal to the maximum"
        " nothing scales; with a maximum of hundreds a wrong metric buys them all."
    ),
    remediation=(
        f"Set minReplicas to at least {_LEAST} and maxReplicas above it, to at most {_MOST}. What needs a fixed number"
        " takes spec.replicas and no autoscaler; what may go to zero takes a ScaledObject."
    ),
)
def require_autoscaler_bounds(autoscaler: Resource) -> Iterator[Violation]:
    """One violation for each bound that is missing, too low, too high, or leaves no room."""
    spec = autoscaler.root["spec"]
    least, most = spec["minReplicas"], spec["maxReplicas"]
    # Kubernetes takes one if nothing is said.
    low, high = least.integer() if least.exists() else 1, most.integer()
    if low is None or low < _LEAST:
        yield Violation(
            least.path, f"the autoscaler may go down to {least.shown() if least.exists() else 'one'} replica"
        )
    if high is None:
        yield Violation(most.path, "the autoscaler has no maximum")
    elif high > _MOST:
        yield Violation(most.path, f"the autoscaler may go up to {high} replicas; at most {_MOST}")
    elif low is not None and high <= low:
        yield Violation(most.path, f"the autoscaler cannot scale: its maximum {high} is not above its minimum {low}")
