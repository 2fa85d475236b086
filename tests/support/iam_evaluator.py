"""Decides requests as IAM does, for the parts of the policy language that this repository writes.

Written after the IAM User Guide ("Policy evaluation logic", "IAM JSON policy elements reference") and held against its
examples in ``test_iam_evaluator.py``. What it does not know (another operator, a policy variable) is an error, never
a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Literal

Decision = Literal["allowed", "explicitly denied", "implicitly denied"]
Value = str | Sequence[str]


@dataclass(frozen=True)
class Request:
    """What somebody asks for.

    Attributes:
        action: such as ``s3:GetObject``.
        resource: ARN, or ``*`` where the action has none.
        context: values of condition keys; a list for a multivalued one.
        principal: kind and value of the caller, which only policies on resources look at.
    """

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)
    principal: tuple[str, str] = ("AWS", "arn:aws:iam::123456789012:role/somebody")


def decide(
    request: Request,
    identity: Iterable[str] = (),
    *,
    boundary: str | None = None,
    on_resource: Iterable[str] = (),
) -> Decision:
    """Decide a request within one account.

    Args:
        request: what is asked for.
        identity: policies of the caller.
        boundary: permissions boundary of the caller.
        on_resource: policies of the resource, which a boundary does not reduce.
    """
    own, others = [_read(text) for text in identity], [_read(text) for text in on_resource]
    limits = [_read(boundary)] if boundary else []
    effects = [*_effects(own, request), *_effects(limits, request), *_effects(others, request)]
    if "Deny" in effects:
        return "explicitly denied"
    granted = "Allow" in _effects(own, request) and (not limits or "Allow" in _effects(limits, request))
    return "allowed" if granted or "Allow" in _effects(others, request) else "implicitly denied"


def allows(request: Request, *identity: str, boundary: str | None = None) -> bool:
    """Whether the caller's own policies let the request pass."""
    return decide(request, identity, boundary=boundary) == "allowed"


@lru_cache(maxsize=256)
def _read(text: str) -> Mapping[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document


def _effects(documents: Iterable[Mapping[str, Any]], request: Request) -> set[str]:
    return {
        statement["Effect"]
        for document in documents
        for statement in _listed(document["Statement"])
        if _applies(statement, request)
    }


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    known = {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    if set(statement) - known:
        raise ValueError(f"the evaluator does not know {sorted(set(statement) - known)}")
    action = request.action.lower()
    if "NotAction" in statement:
        concerns = not any(_matches(pattern.lower(), action) for pattern in _listed(statement["NotAction"]))
    else:
        concerns = any(_matches(pattern.lower(), action) for pattern in _listed(statement["Action"]))
    if "NotResource" in statement:
        named = not any(_matches(pattern, request.resource) for pattern in _listed(statement["NotResource"]))
    else:  # a trust policy has no resource: it is on the role itself
        named = any(_matches(pattern, request.resource) for pattern in _listed(statement.get("Resource", "*")))
    return concerns and named and _is_principal(statement, request) and _holds(statement, request)


def _is_principal(statement: Mapping[str, Any], request: Request) -> bool:
    if "Principal" not in statement or statement["Principal"] == "*":
        return True
    kind, value = request.principal
    return value in _listed(statement["Principal"].get(kind, []))


def _holds(statement: Mapping[str, Any], request: Request) -> bool:
    context = {key.lower(): value for key, value in request.context.items()}
    return all(
        _condition(operator, _listed(values), context.get(key.lower()))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _condition(operator: str, wanted: list[str], given: Value | None) -> bool:
    quantifier, _, plain = operator.rpartition(":")
    if plain == "Null":
        return any((value == "true") == (given is None) for value in wanted)
    optional = plain.endswith("IfExists")
    plain = plain.removesuffix("IfExists")
    test = _test(plain)
    values = [] if given is None else _listed(given)
    if quantifier == "ForAllValues":
        return all(test(value, wanted) for value in values)
    if quantifier == "ForAnyValue":
        return any(test(value, wanted) for value in values)
    if quantifier:
        raise ValueError(f"the evaluator does not know {quantifier}")
    if given is None:
        return optional or _negates(plain)
    return all(test(value, wanted) for value in values)


def _negates(operator: str) -> bool:
    return "Not" in operator


def _test(operator: str) -> Any:
    positive = operator.replace("Not", "")
    tests = {
        "StringEquals": lambda value, wanted: value in wanted,
        "StringEqualsIgnoreCase": lambda value, wanted: value.lower() in [one.lower() for one in wanted],
        "StringLike": lambda value, wanted: any(_matches(one, value) for one in wanted),
        "ArnEquals": lambda value, wanted: any(_matches(one, value) for one in wanted),
        "ArnLike": lambda value, wanted: any(_matches(one, value) for one in wanted),
        "Bool": lambda value, wanted: value.lower() in [one.lower() for one in wanted],
    }
    if positive not in tests or (_negates(operator) and positive == "Bool"):
        raise ValueError(f"the evaluator does not know the operator {operator}")
    test = tests[positive]
    return (lambda value, wanted: not test(value, wanted)) if _negates(operator) else test


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _matches(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    if "${" in pattern:
        raise ValueError(f"the evaluator does not know policy variables: {pattern}")
    return re.compile("".join(_expressions(pattern)), re.DOTALL)


def _expressions(pattern: str) -> Iterator[str]:
    for character in pattern:
        yield {"*": ".*", "?": "."}.get(character, re.escape(character))
