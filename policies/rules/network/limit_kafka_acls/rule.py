from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import rule

_HARMLESS_ON_CLUSTER: Final = frozenset({"Describe", "DescribeConfigs", "IdempotentWrite"})


@rule(
    id="NET-022",
    title="Limit the ACLs of Kafka users to named resources and operations",
    severity=Severity.HIGH,
    topics=("security", "kafka", "access"),
    applies_to=kinds(("kafka.strimzi.io", "KafkaUser")),
    # The host of an ACL is left out of account: pods have no lasting addresses, NetworkPolicies restrict by pod.
    rationale=(
        "A user with * as a topic or All as an operation reads what was never given to it and may delete it; one who"
        " may alter the cluster gives itself every other right."
    ),
    remediation=(
        "Name each topic and group, or a prefix of the user's own, and list the operations that it needs; leave the"
        " changing of the cluster to the operator. Set authentication and authorization."
    ),
)
def limit_kafka_acls(resource: Resource) -> Iterator[Violation]:
    """One violation for each allowing ACL that is too wide, and for a user without authentication or authorization."""
    spec = resource.root["spec"]
    for part in ("authentication", "authorization"):
        if not spec[part]["type"].text():
            yield Violation(spec[part]["type"].path, f"the user has no {part}")
    for acl in spec.at("authorization", "acls").items():
        if acl["type"].text() in {None, "allow"}:
            yield from _allowed(acl)


def _allowed(acl: Node) -> Iterator[Violation]:
    target = acl["resource"]
    kind, name = target["type"].text() or "resource", target["name"].text() or ""
    if kind != "cluster":
        if name == "*":
            yield Violation(target["name"].path, f"the ACL is about every {kind}")
        elif not name:
            yield Violation(target["name"].path, f"the ACL names no {kind}")
    for operation in acl["operations"].items():
        what = operation.text() or ""
        if what == "All":
            yield Violation(operation.path, f"the ACL allows every operation on the {kind} {name}".rstrip())
        elif kind == "cluster" and what not in _HARMLESS_ON_CLUSTER:
            yield Violation(operation.path, f"the ACL allows {what} on the whole cluster")
