from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_ANYBODY: Final = frozenset({"*", "ANONYMOUS"})


@rule(
    id="NET-021",
    title="Require authorization in Kafka, with no super user that is everybody",
    severity=Severity.HIGH,
    topics=("security", "kafka", "access"),
    applies_to=kinds(("kafka.strimzi.io", "Kafka")),
    rationale=(
        "Without an authorizer each client reads, writes and deletes every topic of every tenant; a super user is asked"
        " for no ACL, and one named * or ANONYMOUS is everybody."
    ),
    remediation=(
        "Set spec.kafka.authorization.type (simple or custom), name super users one by one, and leave"
        " allow.everyone.if.no.acl.found out."
    ),
)
def require_kafka_authorization(resource: Resource) -> Iterator[Violation]:
    """One violation for a missing authorizer, for each super user that is everybody, and for topics open by default."""
    kafka = resource.root.at("spec", "kafka")
    kind = kafka.at("authorization", "type")
    if not kind.text():
        yield Violation(kind.path, "the brokers have no authorizer, so every client may do everything")
    for user in kafka.at("authorization", "superUsers").items():
        name = (user.text() or "").removeprefix("User:").removeprefix("CN=")
        if name in _ANYBODY or name.startswith("*"):
            yield Violation(user.path, f"the super user {user.text()!r} is everybody")
    fallback = kafka["config"]["allow.everyone.if.no.acl.found"]
    if fallback.boolean() or fallback.text() == "true":
        yield Violation(fallback.path, "topics without an ACL are open to everybody")
