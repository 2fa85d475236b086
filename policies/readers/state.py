from __future__ import annotations

from typing import Any

from policies.errors import InputError
from policies.model import Resource
from policies.readers.pulumi_values import plain

AWS_PROVIDER = "pulumi:providers:aws"
"""The one resource of Pulumi's own that rules look at: its default tags are tags of everything that it makes."""

_INPUTS = ("inputs", "properties", "props")


def holds_state(document: Any) -> bool:
    """Whether a JSON document is a Pulumi state, a stack export or another list of Pulumi resources."""
    return _list_of(document) is not None


def resources_of_state(document: Any, source: str) -> list[Resource]:
    """The resources of a Pulumi state or export.

    Read are `pulumi stack export` (`deployment.resources`), a file backend's checkpoint
    (`checkpoint.latest.resources`), and a plain object with `resources`. A resource has `type`, and its inputs under
    `inputs`, `properties` or `props`. Pulumi's own resources (but AWS providers, whose default tags count), components
    and what is about to be deleted are left out.
    An encrypted secret counts as not known.

    Args:
        document: What the JSON holds.
        source: The file.

    Raises:
        InputError: If an entry is not a resource; the message names file and entry.
    """
    found: list[Resource] = []
    for place, entry in enumerate(_list_of(document) or ()):
        if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
            raise InputError(f"{source}: resources[{place}] has no 'type' and so is no Pulumi resource")
        token = entry["type"]
        if ":" not in token:
            raise InputError(
                f"{source}: resources[{place}] has the type {token!r}, which is none of Pulumi's (package:module:Type)"
            )
        if (
            (token.startswith("pulumi:") and token != AWS_PROVIDER)
            or entry.get("delete") is True
            or entry.get("custom") is False
        ):
            continue
        urn = entry.get("urn")
        name = entry.get("name")
        if not isinstance(urn, str):
            urn = f"urn:pulumi:files::export::{token}::{name if isinstance(name, str) else place}"
        props: dict[str, Any] = next((entry[key] for key in _INPUTS if isinstance(entry.get(key), dict)), {})
        found.append(Resource(urn, token, urn.rpartition("::")[2], plain(props), source))
    return found


def _list_of(document: Any) -> list[Any] | None:
    if not isinstance(document, dict) or "kind" in document:
        return None
    for path in (("deployment",), ("checkpoint", "latest"), ()):
        at: Any = document
        for key in path:
            at = at.get(key) if isinstance(at, dict) else None
        if isinstance(at, dict) and isinstance(at.get("resources"), list):
            resources: list[Any] = at["resources"]
            # A kustomization without a kind names files there.
            return None if resources and all(isinstance(entry, str) for entry in resources) else resources
    # An empty stack is exported without resources.
    deployment = document.get("deployment")
    return [] if isinstance(deployment, dict) and "manifest" in deployment else None
