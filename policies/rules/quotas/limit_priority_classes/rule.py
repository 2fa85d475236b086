from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds, name_of
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_HIGHEST: Final = 1_000_000
"""The value of the platform's own highest class; Kubernetes allows a thousand times more."""

_SYSTEM: Final = "system-"


@rule(
    id="QUOTA-013",
    title="Limit priority classes: a bounded value, no default for everybody",
    severity=Severity.MEDIUM,
    topics=("quota", "scheduling", "tenancy"),
    applies_to=kinds(("scheduling.k8s.io", "PriorityClass")),
    rationale=(
        "A pod of higher priority evicts others when nodes are full. A class above the brokers' and databases' stops"
        " them; one that is the default for all gives that power to pods that never asked for it."
    ),
    remediation=f"Set value to at most {_HIGHEST}, leave globalDefault out, and say in description who it is for.",
)
def limit_priority_classes(resource: Resource) -> Iterator[Violation]:
    """One violation for a value that is too high or missing, for a global default and for a missing description."""
    root = resource.root
    if name_of(resource).startswith(_SYSTEM):
        yield Violation("metadata.name", f"names that begin with {_SYSTEM} are for the cluster's own classes")
    value = root["value"].integer()
    if value is None:
        yield Violation(root["value"].path, "the class has no value")
    elif value > _HIGHEST:
        yield Violation(root["value"].path, f"the value {value} is above {_HIGHEST}")
    if root["globalDefault"].boolean():
        yield Violation(root["globalDefault"].path, "the class is the default of every pod")
    if not root["description"].text():
        yield Violation(root["description"].path, "nothing says who the class is for")
