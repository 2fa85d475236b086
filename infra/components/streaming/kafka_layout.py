"""Which Kafka an environment has, and what follows from it for everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from infra.components.streaming import kafka_admin, single_broker, strimzi_layout
from infra.components.streaming.access import KafkaAccess
from infra.components.streaming.single_broker import SingleBrokerArgs
from infra.components.streaming.strimzi_layout import StrimziArgs
from infra.core.catalog.topics import Topic
from infra.core.catalog.users import KafkaUser
from infra.core.quota import Share
from infra.core.wiring import Member
from infra.core.workload.spec import WorkloadSpec

Flavor = Literal["single-broker", "strimzi"]
"""single-broker: one KRaft broker as a workload, without an operator; strimzi: a cluster under the operator."""

KafkaArgs = SingleBrokerArgs | StrimziArgs


def access(kafka: KafkaArgs) -> KafkaAccess:
    """How clients reach it."""
    return single_broker.access() if isinstance(kafka, SingleBrokerArgs) else strimzi_layout.access()


def workloads(
    kafka: KafkaArgs, topics: Mapping[str, Topic], users: Mapping[str, KafkaUser]
) -> tuple[WorkloadSpec, ...]:
    """The workloads of ours that it consists of; under an operator there are none."""
    if isinstance(kafka, StrimziArgs):
        return ()
    return (
        single_broker.broker_spec(kafka),
        kafka_admin.admin_spec(kafka, single_broker.access(), topics, users),
    )


def operator_shares(kafka: KafkaArgs) -> tuple[Share, ...]:
    """What pods that an operator makes take of the quota."""
    return strimzi_layout.shares(kafka) if isinstance(kafka, StrimziArgs) else ()


def operator_members(kafka: KafkaArgs) -> tuple[Member, ...]:
    """Pods that an operator makes, in the graph of the platform."""
    return strimzi_layout.members(kafka.ownership) if isinstance(kafka, StrimziArgs) else ()


def administrators(kafka: KafkaArgs) -> tuple[str, ...]:
    """Users that are not in the catalog: without an operator, an administrator creates the others."""
    return (single_broker.ADMIN,) if isinstance(kafka, SingleBrokerArgs) else ()


def credential_users(kafka: KafkaArgs, users: Mapping[str, KafkaUser]) -> tuple[str, ...]:
    """Users that need a password."""
    return (*administrators(kafka), *sorted(users))
