"""The tags of resources of AWS, those that their provider adds among them."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from policies.model import Resource, Stack
from policies.node import Node
from policies.whole import of_types

_PROVIDER: Final = ("pulumi:providers:aws",)
_VALUE_NOT_KNOWN: Final = "(not known)"
_SEVERAL: Final = "(one of several)"


def default_tags(stack: Stack) -> dict[str, str] | None:
    """The tags that every AWS provider of the stack adds, by plain name; None where no provider is to be seen."""
    found: dict[str, str] | None = None
    for provider in of_types(stack, _PROVIDER):
        tags = _plain(_table(provider.root["defaultTags"])["tags"])
        found = tags if found is None else _shared(found, tags)
    return found


def own_tags(resource: Resource) -> dict[str, str]:
    """The tags of the resource itself, by plain name: `acme:Cost-Centre` is `costcentre`."""
    return _plain(resource.root["tagsAll"]) | _plain(resource.root["tags"])


def _shared(some: dict[str, str], others: dict[str, str]) -> dict[str, str]:
    return {name: value if others[name] == value else _SEVERAL for name, value in some.items() if name in others}


def _plain(tags: Node) -> dict[str, str]:
    named: dict[str, str] = {}
    for key, value in tags.entries():
        text = value.text() if value.known() else _VALUE_NOT_KNOWN
        if text:
            named[re.sub(r"[^a-z]", "", key.rpartition(":")[2].lower())] = text
    return named


def _table(node: Node) -> Node:
    # Inputs of providers travel as JSON text.
    value: Any = node.value()
    if not isinstance(value, str):
        return node
    try:
        return Node(json.loads(value), node.parent, node.key)
    except ValueError:
        return Node(None, node.parent, node.key)
