from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_RATES: Final = ("producerByteRate", "consumerByteRate", "requestPercentage")


@rule(
    id="QUOTA-018",
    title="Require quotas of each Kafka user",
    severity=Severity.MEDIUM,
    topics=("quota", "kafka", "tenancy"),
    applies_to=kinds(("kafka.strimzi.io", "KafkaUser")),
    rationale=(
        "All tenants share the brokers' network and request threads. A consumer that reads a topic from its beginning,"
        " or a producer in a loop, takes them from everybody unless its rate is limited."
    ),
    remediation=(
        "Set spec.quotas.producerByteRate and consumerByteRate (bytes per second and broker) and requestPercentage"
        " (per cent of one request thread's time), each above zero."
    ),
)
def require_kafka_quotas(user: Resource) -> Iterator[Violation]:
    """One violation for each of the three quotas that is missing or not above zero."""
    quotas = user.root.at("spec", "quotas")
    for name in _RATES:
        value = quotas[name].integer()
        if value is None:
            yield Violation(quotas[name].path, f"the user has no {name}")
        elif value <= 0:
            yield Violation(quotas[name].path, f"the user's {name} is {value}, with which it can do nothing")
