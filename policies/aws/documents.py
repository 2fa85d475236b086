"""IAM and resource policies, read as AWS reads them (IAM User Guide, "Grammar of the IAM JSON policy language")."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies.node import Node

_LIMITING: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceip",
        "aws:userid",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpceorgpaths",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    }
)
"""Condition keys that bind a public principal to known callers (Amazon S3 User Guide, "The meaning of public")."""

_WEAK_OPERATORS: Final = ("ifexists", "not", "null")
"""Parts of operators that also hold for a caller whom nobody named: absent keys, negations."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy.

    Attributes:
        allows: Whether its effect is to allow.
        actions: Its actions, in lower case, since IAM does not tell case in them.
        not_actions: What `NotAction` names.
        resources: Its resources.
        not_resources: What `NotResource` names.
        principals: Kind (`AWS`, `Service`, `Federated`, `CanonicalUser`; `*` for the bare star) and value of each.
        negates_principal: Whether it has `NotPrincipal`.
        conditions: Operator, key and values, operator and key in lower case.
        place: Where it stands in the resource, such as `policy` Statement 2.
    """

    allows: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    negates_principal: bool
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    place: str

    def allows_action(self, action: str) -> bool:
        """Whether the statement, if it allows, lets the action be done, wildcards considered."""
        wanted = action.lower()
        if self.not_actions:
            return not any(fnmatch.fnmatchcase(wanted, pattern.lower()) for pattern in self.not_actions)
        return any(fnmatch.fnmatchcase(wanted, pattern) for pattern in self.actions)

    def on_everything(self) -> bool:
        """Whether it holds for every resource."""
        return "*" in self.resources or bool(self.not_resources)

    def public_principal(self) -> bool:
        """Whether anybody is a principal of it."""
        return self.negates_principal or any(
            (value == "*" or "::*:" in value) and kind in ("*", "AWS", "Federated") for kind, value in self.principals
        )

    def bound(self) -> bool:
        """Whether a condition binds the callers to known ones, by a value that is no wildcard for everything."""
        return any(
            key in _LIMITING
            and not any(part in operator for part in _WEAK_OPERATORS)
            and values
            and all(_names_somebody(value) for value in values)
            for operator, key, values in self.conditions
        )


@dataclass(frozen=True, slots=True)
class Document:
    """A policy document.

    Attributes:
        node: Where it stands.
        statements: Its statements.
        problem: Why it cannot be read, or empty. A document with a problem has no statements; a rule reports it.
    """

    node: Node
    statements: tuple[Statement, ...]
    problem: str = ""

    def allowed(self) -> Iterator[Statement]:
        """The statements that allow."""
        return (statement for statement in self.statements if statement.allows)


def read_document(node: Node) -> Document | None:
    """The policy document in a property, which is JSON text or a mapping.

    Args:
        node: The property.

    Returns:
        The document, or None if there is none (absent or empty text).

    Raises:
        UnknownValueError: If it is not yet known.
    """
    value = node.value()
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value, strict=False)
        except (ValueError, RecursionError):
            return Document(node, (), "is not JSON")
    if not isinstance(value, dict):
        return Document(node, (), "is no policy document")
    statements = value.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    if not listed or not all(isinstance(item, dict) for item in listed):
        return Document(node, (), "has no Statement")
    return Document(node, tuple(_statement(item, number, node) for number, item in enumerate(listed, 1)))


def _statement(item: dict[Any, Any], number: int, node: Node) -> Statement:
    principal = item.get("Principal")
    return Statement(
        # Anything but a plain Deny may allow: an effect that cannot be read never hides what the statement grants.
        allows=item.get("Effect") != "Deny",
        actions=tuple(action.lower() for action in _texts(item.get("Action"))),
        not_actions=_texts(item.get("NotAction")),
        resources=_texts(item.get("Resource")),
        not_resources=_texts(item.get("NotResource")),
        principals=tuple(_principals(principal)),
        negates_principal="NotPrincipal" in item and item.get("Effect") != "Deny",
        conditions=tuple(_conditions(item.get("Condition"))),
        place=f"{node.path} (Statement {number})",
    )


def _principals(principal: Any) -> Iterator[tuple[str, str]]:
    if isinstance(principal, list):
        # AWS refuses a bare list, but what it names is plain enough.
        for item in principal:
            yield from _principals(item)
    elif isinstance(principal, str):
        yield "*" if principal == "*" else "AWS", principal
    elif isinstance(principal, Mapping):
        for kind, values in principal.items():
            for value in _texts(values):
                yield str(kind), value


def _conditions(condition: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for operator, keys in condition.items() if isinstance(condition, Mapping) else ():
        for key, values in keys.items() if isinstance(keys, Mapping) else ():
            yield str(operator).lower(), str(key).lower(), _texts(values)


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, str | int):
        return (str(value),)
    values: Iterable[Any] = value if isinstance(value, list) else ()
    return tuple(text for item in values for text in (_texts(item) if not isinstance(item, list) else ()))


def _names_somebody(value: str) -> bool:
    return value.strip("*?") != "" and value not in ("0.0.0.0/0", "::/0", "arn:*", "arn:aws:*", "arn:aws:iam::*")
