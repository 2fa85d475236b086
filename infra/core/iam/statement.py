"""Statements of IAM policies, put together deterministically and held against IAM's limits."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from infra.core.errors import ConfigurationError, Problem

VERSION = "2012-10-17"
"""Current version of the policy language (IAM User Guide, "IAM JSON policy elements: Version")."""

POLICY_SIZE = 6_144
"""Most characters of a managed policy, white space not counted (IAM User Guide, "IAM and AWS STS quotas")."""

TRUST_SIZE = 2_048
"""Most characters of a role's trust policy unless AWS raises it (IAM User Guide, "IAM and AWS STS quotas")."""

Conditions = tuple[tuple[str, str, tuple[str, ...]], ...]
"""Operator, key and values of each condition."""


@dataclass(frozen=True)
class Statement:
    """One statement that allows.

    Attributes:
        purpose: what it is for, as the beginning of its ``Sid``: letters and digits only.
        actions: actions, none of them a bare wildcard.
        resources: ARNs; ``*`` only for what IAM knows no resource of.
        conditions: all of them must hold.
    """

    purpose: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions = ()


def condition(operator: str, key: str, *values: str) -> Conditions:
    """One condition, which holds for any of the values."""
    return ((operator, key, tuple(sorted(values))),)


def merged(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The same permissions in fewer statements, in an order that does not depend on theirs.

    What has the same actions and conditions becomes one statement for all the resources, and then what has the same
    resources and conditions one for all the actions. Neither allows what the statements did not: each statement
    stays the product of its actions and its resources.
    """
    by_actions: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for statement in statements:
        key = (statement.purpose, tuple(sorted(set(statement.actions))), _ordered(statement.conditions))
        by_actions[key] |= set(statement.resources)
    by_resources: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for (purpose, actions, conditions), resources in by_actions.items():
        by_resources[purpose, tuple(sorted(resources)), conditions] |= set(actions)
    return tuple(
        sorted(
            (
                Statement(purpose, tuple(sorted(actions)), resources, conditions)
                for (purpose, resources, conditions), actions in by_resources.items()
            ),
            key=lambda statement: (statement.purpose, statement.resources, statement.actions, statement.conditions),
        )
    )


def allowing(statements: Iterable[Statement]) -> list[dict[str, Any]]:
    """The statements as a policy has them: each with an identifier that no other one has."""
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(1))
    return [
        {
            "Sid": f"{statement.purpose}{next(numbers[statement.purpose])}",
            "Effect": "Allow",
            "Action": list(statement.actions),
            "Resource": list(statement.resources),
            **_conditions(statement.conditions),
        }
        for statement in statements
    ]


def rendered(statements: Iterable[Mapping[str, Any]]) -> str:
    """A document without white space, so that its length is what IAM counts."""
    return json.dumps({"Version": VERSION, "Statement": list(statements)}, sort_keys=True, separators=(",", ":"))


def check_size(document: str, *, limit: int, file: str, field: str, what: str, fix: str) -> str:
    """Return the document if IAM would take it.

    Args:
        document: text of the policy.
        limit: most characters.
        file: file in which its cause stands, for the error.
        field: place in that file.
        what: what kind of document it is.
        fix: what to do when it is too long.

    Raises:
        ConfigurationError: it is longer than the limit.
    """
    if len(document) > limit:
        value = f"{len(document):,} characters of policy"
        raise ConfigurationError([Problem(file, field, value, f"{what} has at most {limit:,} characters", fix)])
    return document


def _ordered(conditions: Conditions) -> Conditions:
    return tuple(sorted((operator, key, tuple(sorted(set(values)))) for operator, key, values in conditions))


def _conditions(conditions: Conditions) -> dict[str, Any]:
    block: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in conditions:
        block.setdefault(operator, {})[key] = list(values)
    return {"Condition": block} if block else {}
