"""What engines load to treat data as the catalog says, found in the ConfigMaps that carry it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from policies.model import Resource, Stack
from policies.node import Node
from policies.whole import of_types

ARTIFACT: Final = "platform/artifact"
"""The label that says what kind of artifact a ConfigMap carries."""

_CONFIG_MAP: Final = ("kubernetes:core/v1:ConfigMap",)


@dataclass(frozen=True, slots=True)
class File:
    """One file of an artifact.

    Attributes:
        resource: The ConfigMap.
        node: Where the text stands.
        name: The file's name.
    """

    resource: Resource
    node: Node
    name: str

    @property
    def text(self) -> str:
        """The text.

        Raises:
            UnknownValueError: If it is not yet known.
        """
        return self.node.text() or ""

    def json(self) -> Any:
        """The text as JSON, or None if it is none; a rule then says that it cannot be read."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None


def files_of(stack: Stack, kind: str, suffix: str = "") -> Iterator[File]:
    """The files of all artifacts of a kind whose names end as given."""
    for resource in of_types(stack, _CONFIG_MAP):
        if resource.root.at("metadata", "labels", ARTIFACT).text() == kind:
            for name, node in resource.root["data"].entries():
                if name.endswith(suffix):
                    yield File(resource, node, name)
