"""What Kafka uses in a month: pods that an operator makes, and secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from infra.components.streaming.strimzi_layout import (
    CONTROLLER_SIZE,
    CONTROLLER_STORAGE,
    CONTROLLERS,
    ENTITY_OPERATOR_PART,
    ENTITY_OPERATOR_PARTS,
    StrimziArgs,
)
from infra.core.catalog.prices import SECRET
from infra.core.catalog.users import KafkaUser
from infra.core.cost.usage import PLATFORM, Running, Usage
from infra.core.quantity import Compute

CREDENTIALS = "kafka-credentials"


def running(args: StrimziArgs, *, keep: bool) -> Iterator[Running]:
    """Pods of the cluster; nothing of it scales, so idle is typical.

    Args:
        args: the cluster.
        keep: whether the volumes outlive it. The operator never deletes them (``deleteClaim: false``).
    """
    brokers = Compute(args.cpu, args.memory) * args.brokers
    yield Running("kafka-broker", brokers, brokers, storage=args.storage * args.brokers, kept=keep)
    controllers = CONTROLLER_SIZE * CONTROLLERS
    yield Running("kafka-controller", controllers, controllers, storage=CONTROLLER_STORAGE * CONTROLLERS, kept=keep)
    entities = ENTITY_OPERATOR_PART * ENTITY_OPERATOR_PARTS
    yield Running("kafka-entity-operator", entities, entities)


def secret_usages(names: tuple[str, ...], users: Mapping[str, KafkaUser]) -> Iterator[Usage]:
    """One secret for each user, paid for by its tenant; after a destruction it can be restored, which costs nothing.

    Args:
        names: users that have a secret.
        users: the catalog's users; one that is not among them is the platform's own.
    """
    for name in names:
        tenant = users[name].tenant if name in users else PLATFORM
        yield Usage(CREDENTIALS, tenant, f"secret of {name}", SECRET, Fraction(1), Fraction(1))
