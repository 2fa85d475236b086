from __future__ import annotations

import json
from typing import Any, Final

from policies.errors import InputError
from policies.model import Resource
from policies.unknown import UNKNOWN

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key under which Pulumi marks secrets and assets (pulumi/sdk/go/common/resource/properties.go)."""

_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the marker, not a secret
"""The mark of a secret, from the same file."""

_UNKNOWNS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
"""What Pulumi writes for a value that is not yet known, one for each type (pulumi_policy/proxy.py)."""

_INPUTS = ("inputs", "properties", "props")


def holds_state(document: Any) -> bool:
    """Whether a JSON document is a Pulumi state, a stack export or another list of Pulumi resources."""
    return _list_of(document) is not None


def resources_of_state(document: Any, source: str) -> list[Resource]:
    """The resources of a Pulumi state or export.

    Read are `pulumi stack export` (`deployment.resources`), a file backend's checkpoint
    (`checkpoint.latest.resources`), and a plain object with `resources`. A resource has `type`, and its inputs under
    `inputs`, `properties` or `props`. Pulumi's own resources, components and what is about to be deleted are left out.
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
        if token.startswith("pulumi:") or entry.get("delete") is True or entry.get("custom") is False:
            continue
        urn = entry.get("urn")
        name = entry.get("name")
        if not isinstance(urn, str):
            urn = f"urn:pulumi:files::export::{token}::{name if isinstance(name, str) else place}"
        props: dict[str, Any] = next((entry[key] for key in _INPUTS if isinstance(entry.get(key), dict)), {})
        found.append(Resource(urn, token, urn.rpartition("::")[2], _plain(props), source))
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
            return resources
    # An empty stack is exported without resources.
    deployment = document.get("deployment")
    return [] if isinstance(deployment, dict) and "manifest" in deployment else None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return _secret(value)
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return UNKNOWN if isinstance(value, str) and value in _UNKNOWNS else value


def _secret(value: dict[str, Any]) -> Any:
    if "value" in value:
        return _plain(value["value"])
    try:
        return _plain(json.loads(value["plaintext"]))
    except (KeyError, TypeError, ValueError):
        return UNKNOWN
