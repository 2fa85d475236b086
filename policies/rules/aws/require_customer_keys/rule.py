from __future__ import annotations

from collections.abc import Iterator

from policies.aws.flags import types_of
from policies.aws.keys import is_customer_key
from policies.aws.stores import KEYS, nodes_at
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_REPLICAS = ("replicateSourceDb", "replicationSourceIdentifier", "globalReplicationGroupId")


@rule(
    id="AWS-027",
    title="Require data stores to be encrypted with keys of our own",
    severity=Severity.MEDIUM,
    topics=("encryption", "databases", "storage"),
    applies_to=types_of(KEYS),
    rationale=(
        "With AWS's keys nobody can say who may decrypt, share a snapshot safely with another account, or make data"
        " unreadable by taking the key away. With a customer managed key its policy does, and its log shows each use."
    ),
    remediation="Name a customer managed key in the property that the finding points to.",
)
def require_customer_keys(resource: Resource) -> Iterator[Violation]:
    """One violation for each store that names no key, or one of AWS; replicas are encrypted as their source is."""
    if any(not resource.root[key].known() or resource.root[key].exists() for key in _REPLICAS):
        return
    for path in KEYS[resource.type]:
        for node in nodes_at(resource.root, path):
            if not is_customer_key(node):
                yield Violation(node.path, f"it is encrypted with a key of AWS's: {node.path} names none of our own")
