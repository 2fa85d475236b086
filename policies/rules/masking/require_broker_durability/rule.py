from __future__ import annotations

from collections.abc import Iterator

from policies.kafka_facts import CLUSTERS
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.whole import judged, keeps_data, of_types

_LEAST = {
    "default.replication.factor": 3,
    "min.insync.replicas": 2,
    "offsets.topic.replication.factor": 3,
    "transaction.state.log.replication.factor": 3,
    "transaction.state.log.min.isr": 2,
}
_OFF = {
    "auto.create.topics.enable": "a misspelt name makes a topic that nobody declared, owns or keeps safe",
    "unclean.leader.election.enable": "a broker that lags behind may become leader, and what it lacks is lost",
}


@rule(
    id="DATA-003",
    title="Require Kafka to keep records, and to make no topics by itself",
    severity=Severity.HIGH,
    topics=("durability", "kafka"),
    applies_to=WholeStack(),
    rationale=(
        "Topics that say nothing take the broker's defaults, and Kafka's own topics of offsets and transactions always"
        " do. One copy of these, and every consumer forgets where it was when that broker fails."
    ),
    remediation=(
        "Set in spec.kafka.config: "
        + ", ".join(f"{key}: {value}" for key, value in _LEAST.items())
        + ", "
        + ", ".join(f"{key}: false" for key in _OFF)
        + "; and give brokers persistent storage."
    ),
)
def require_broker_durability(stack: Stack) -> Iterator[Violation]:
    """One violation for each setting that is missing or too low; copies are counted where data is kept."""
    copies = keeps_data(stack)

    def durable(cluster: Resource) -> Iterator[Violation]:
        config = cluster.root.at("spec", "kafka", "config")
        for key, least in _LEAST.items() if copies else ():
            number = _number(config[key].value())
            if number is None or number < least:
                yield Violation(config[key].path, f"{key} is {number or 'not set'}, less than {least}")
        for key, harm in _OFF.items():
            if _may_be_on(config[key], default=key.startswith("auto")):
                yield Violation(config[key].path, harm)
        storage = cluster.root.at("spec", "kafka", "storage", "type")
        if copies and storage.text() == "ephemeral":
            yield Violation(storage.path, "brokers forget every record when their pods are replaced")

    yield from judged(of_types(stack, CLUSTERS), durable)


def _may_be_on(node: Node, *, default: bool) -> bool:
    return node.value() not in (False, "false") if node.exists() else default


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if not isinstance(value, bool) and text.isascii() and text.isdigit() and len(text) < 10 else None
