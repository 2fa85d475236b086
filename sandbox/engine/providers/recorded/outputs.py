"""Outputs for resources that nothing stands behind: made up from the URN, in the types that the SDK declares."""

from __future__ import annotations

import hashlib
import importlib
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sandbox.engine.providers.recorded.listing import RecordedType
from sandbox.engine.values import Json, PropertyMap

EPOCH = "2000-01-01T00:00:00Z"
"""The time that recorded resources say they were made at; a real one would differ from run to run."""


@cache
def declared(token: str) -> Mapping[str, Any]:
    """Return the types of a resource's outputs by their Pulumi names, read from its class in the SDK.

    Raises:
        ValueError: the SDK has no such class.
    """
    package, module, name = token.split(":")
    try:
        found = importlib.import_module(f"pulumi_{package}.{module.partition('/')[0]}")
        resource = getattr(found, name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{token}: the Pulumi SDK has no such class") from error
    return {
        getter._pulumi_name: typing.get_args(getter.__annotations__["return"])[0]  # noqa: SLF001 the SDK's own mark
        for member in vars(resource).values()
        if isinstance(member, property) and (getter := member.fget) is not None and hasattr(getter, "_pulumi_name")
    }


def optional(annotation: Any) -> bool:
    """Tell whether an annotation allows None."""
    return type(None) in typing.get_args(annotation)


def synthetic(
    recorded: RecordedType, urn: str, inputs: PropertyMap, account: str, region: str, partition: str
) -> PropertyMap:
    """Return the inputs and a value for every other output that the class does not allow to be None.

    Where the list gives values inside of an input, the resource has them beside what was given.
    """
    digest = hashlib.sha256(urn.encode()).hexdigest()
    service = recorded.type.split(":")[1].partition("/")[0]
    arn = f"arn:{partition}:{service}:{region}:{account}:{recorded.arn}/{digest[:17]}"
    found: PropertyMap = dict(recorded.outputs)
    for name, annotation in declared(recorded.type).items():
        given = inputs.get(name)
        if given is not None:
            inside = found.get(name)
            found[name] = {**inside, **given} if isinstance(inside, dict) and isinstance(given, dict) else given
        elif name == "region":
            found[name] = region
        elif not optional(annotation) and name not in found:
            found[name] = _value(name, annotation, digest, arn, account)
    return found


def resource_id(recorded: RecordedType, outputs: PropertyMap, urn: str = "") -> str:
    """Return the id as the real provider would write it; one that AWS generates is made from the URN."""
    if recorded.id in outputs:
        return str(outputs[recorded.id])
    digest = hashlib.sha256(urn.encode()).hexdigest()[:17]
    return recorded.id.format_map({**{key: str(value) for key, value in outputs.items()}, "digest": digest})


def _value(name: str, annotation: Any, digest: str, arn: str, account: str) -> Json:
    if annotation is str:
        return _text(name, digest, arn, account)
    if annotation in (int, float, bool):
        return annotation(0)
    if typing.get_origin(annotation) is Sequence:
        return []
    return {}


def _text(name: str, digest: str, arn: str, account: str) -> str:
    lower = name.lower()
    if lower.endswith("arn"):
        return arn
    if lower in ("accountid", "ownerid", "registryid"):
        return account
    if lower.endswith("at"):
        return EPOCH
    return f"recorded-{hashlib.sha256((digest + name).encode()).hexdigest()[:17]}"
