from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from policies.amounts import amount_at
from policies.kinds import kinds
from policies.limit_ranges import LIMIT_RANGE
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_ORDER: Final = ("min", "defaultRequest", "default", "max")


@rule(
    id="QUOTA-006",
    title="Enforce that a LimitRange agrees with itself",
    severity=Severity.MEDIUM,
    topics=("quota", "correctness"),
    applies_to=kinds(LIMIT_RANGE),
    rationale=(
        "A default above the maximum, or a request above the limit that goes with it, makes the API server refuse each"
        " pod that says nothing: the namespace looks healthy and starts nothing."
    ),
    remediation="Order the amounts of each resource: min <= defaultRequest <= default <= max.",
)
def enforce_limit_range_order(limit_range: Resource) -> Iterator[Violation]:
    """One violation for each amount that is below the one before it, or is no amount."""
    for entry in limit_range.root.at("spec", "limits").items():
        for resource in sorted({name for bound in _ORDER for name, _ in entry[bound].entries()}):
            bounds = [(entry[bound][resource], bound) for bound in _ORDER if entry[bound][resource].exists()]
            for node, _ in bounds:
                if amount_at(node) is None:
                    yield Violation(node.path, f"{node.shown()} is no amount of {resource}")
            for (low, low_name), (high, high_name) in pairwise(bounds):
                least, most = amount_at(low), amount_at(high)
                if least is not None and most is not None and least > most:
                    yield Violation(
                        high.path, f"{high_name} {high.shown()} of {resource} is below {low_name} {low.shown()}"
                    )
