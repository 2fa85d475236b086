from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_OLD: Final = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})
_PROTOCOLS: Final = "ssl.enabled.protocols"


@rule(
    id="NET-020",
    title="Require TLS and authentication on each listener of Kafka",
    severity=Severity.CRITICAL,
    topics=("security", "network", "kafka", "encryption"),
    applies_to=kinds(("kafka.strimzi.io", "Kafka")),
    rationale=(
        "A listener without TLS shows passwords and records to whoever shares the network; one without authentication"
        " makes everybody the same anonymous user, to whom no ACL can be given."
    ),
    remediation=(
        "Set tls: true and authentication.type (scram-sha-512, tls or custom) on each of spec.kafka.listeners; leave"
        " out protocols older than TLSv1.2."
    ),
)
def require_kafka_listener_security(resource: Resource) -> Iterator[Violation]:
    """One violation for each listener without TLS, for each without authentication, and for old protocols."""
    kafka = resource.root.at("spec", "kafka")
    for listener in kafka["listeners"].items():
        name = listener["name"].text() or listener.path
        if listener["tls"].boolean() is not True:
            yield Violation(listener["tls"].path, f"the listener {name} has no TLS")
        if not listener.at("authentication", "type").text():
            yield Violation(listener.at("authentication", "type").path, f"the listener {name} asks nobody who they are")
    protocols = kafka["config"][_PROTOCOLS]
    for protocol in (protocols.text() or "").split(","):
        if protocol.strip() in _OLD:
            yield Violation(protocols.path, f"the brokers accept {protocol.strip()}, which is broken")
