from __future__ import annotations

from collections.abc import Iterator

from policies.aws.flags import unset
from policies.aws.stores import SEVERAL_ZONES
from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged, keeps_data, of_types

_REPLICAS = ("replicateSourceDb", "globalReplicationGroupId")


@rule(
    id="AWS-032",
    title="Require data stores to outlive the loss of a zone",
    severity=Severity.MEDIUM,
    topics=("availability", "databases"),
    frameworks=("aws-foundational-security:RDS.5", "aws-foundational-security:ElastiCache.3"),
    applies_to=WholeStack(),
    rationale=(
        "Zones fail, and a store in one zone takes the platform with it and the data since the last backup. What holds"
        " state has a second place from the start: it cannot always be added without an outage."
    ),
    remediation="Set multiAz (or the property that the finding points to), with at least one replica.",
)
def require_multi_az(stack: Stack) -> Iterator[Violation]:
    """One violation for each property that keeps a store in one zone, in environments that keep data."""
    if keeps_data(stack):
        yield from judged(of_types(stack, SEVERAL_ZONES), _spread)


def _spread(store: Resource) -> Iterator[Violation]:
    if not any(not store.root[key].known() or store.root[key].exists() for key in _REPLICAS):
        yield from unset(SEVERAL_ZONES, store, "it is lost with its zone")
