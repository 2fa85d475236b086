"""What has to change for a Kafka to be what is declared: pure, so that it can be printed and tested without one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeVar

from kafka_admin.declaration import Declaration, Permission, Topic

V = TypeVar("V", str, float)


class RefusedError(Exception):
    """A declaration asks for what Kafka cannot do without losing records; the message names each topic."""

    exit_code = 1


@dataclass(frozen=True)
class ActualTopic:
    """A topic that exists: its partitions and its own configuration."""

    partitions: int
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Actual:
    """What a Kafka holds. Its internal topics and its administrator are not part of it.

    Attributes:
        users: users with a password.
        quotas: limits by user.
        permissions: what users may do.
    """

    topics: Mapping[str, ActualTopic] = field(default_factory=dict)
    users: AbstractSet[str] = frozenset()
    quotas: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    permissions: AbstractSet[Permission] = frozenset()


@dataclass(frozen=True)
class Difference:
    """Every change, in the order in which they are made.

    Attributes:
        create: new topics.
        partitions: new number of partitions by topic.
        settings: by topic, each setting's new value; None for its default.
        quotas: by user, each quota's new value; None for no limit.
        revoke: permissions to take away.
        grant: permissions to give.
        forget: users whose passwords go.
        kept: topics that exist and are not declared: nothing is done to them.
    """

    create: Mapping[str, Topic]
    partitions: Mapping[str, int]
    settings: Mapping[str, Mapping[str, str | None]]
    quotas: Mapping[str, Mapping[str, float | None]]
    revoke: AbstractSet[Permission]
    grant: AbstractSet[Permission]
    forget: AbstractSet[str]
    kept: AbstractSet[str]

    def lines(self) -> Iterator[str]:
        """Each change as a line to read."""
        for name, topic in sorted(self.create.items()):
            yield f"topic {name}: created with {topic.partitions} partitions"
        for name, count in sorted(self.partitions.items()):
            yield f"topic {name}: {count} partitions"
        for name, settings in sorted(self.settings.items()):
            for key, value in sorted(settings.items()):
                yield f"topic {name}: {key} {'back to its default' if value is None else f'= {value}'}"
        for name, quotas in sorted(self.quotas.items()):
            for key, limit in sorted(quotas.items()):
                yield f"user {name}: {key} {'without limit' if limit is None else f'= {limit:g}'}"
        yield from (f"revoked from user {permission}" for permission in sorted(self.revoke))
        yield from (f"granted to user {permission}" for permission in sorted(self.grant))
        yield from (f"user {name}: removed" for name in sorted(self.forget))
        yield from (f"topic {name}: not declared, left as it is" for name in sorted(self.kept))


def difference(declared: Declaration, actual: Actual) -> Difference:
    """What has to change.

    Raises:
        RefusedError: a topic is to have fewer partitions than it has.
    """
    _refuse_to_shrink(declared, actual)
    existing = {name: topic for name, topic in declared.topics.items() if name in actual.topics}
    wanted = frozenset(declared.permissions())
    return Difference(
        create={name: topic for name, topic in declared.topics.items() if name not in actual.topics},
        partitions={
            name: topic.partitions
            for name, topic in existing.items()
            if topic.partitions != actual.topics[name].partitions
        },
        settings=_changes(
            {name: topic.settings for name, topic in existing.items()},
            {name: actual.topics[name].settings for name in existing},
        ),
        quotas=_changes({name: user.quotas for name, user in declared.users.items()}, actual.quotas),
        revoke=actual.permissions - wanted,
        grant=wanted - actual.permissions,
        forget=actual.users - declared.users.keys(),
        kept=actual.topics.keys() - declared.topics.keys(),
    )


def _refuse_to_shrink(declared: Declaration, actual: Actual) -> None:
    shrinking = [
        f"  topics.{name}.partitions = {topic.partitions}: it has {actual.topics[name].partitions}"
        for name, topic in sorted(declared.topics.items())
        if name in actual.topics and topic.partitions < actual.topics[name].partitions
    ]
    if shrinking:
        raise RefusedError(
            "\n".join(
                [
                    "nothing was changed, because Kafka cannot take partitions away from a topic:",
                    *shrinking,
                    "declare at least as many, or delete the topic with its records first",
                ]
            )
        )


def _changes(
    wanted: Mapping[str, Mapping[str, V]], there: Mapping[str, Mapping[str, V]]
) -> dict[str, dict[str, V | None]]:
    changes: dict[str, dict[str, V | None]] = {}
    for name in wanted.keys() | there.keys():
        want, have = wanted.get(name, {}), there.get(name, {})
        changed: dict[str, V | None] = {key: None for key in have if key not in want}
        changed |= {key: value for key, value in want.items() if have.get(key) != value}
        if changed:
            changes[name] = changed
    return changes
