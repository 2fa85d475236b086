from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.unknown import UNKNOWN, UnknownValueError

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


class Node:
    """A place in a resource's properties that remembers its path.

    Reading never raises for a wrong type: a list where text is expected reads as absent, so a malformed manifest gives
    a finding or nothing. Reading a value that is not yet known raises `UnknownValueError` with its path. An explicit
    null reads as absent, as it does in Kubernetes.

    Attributes:
        parent: The place above; None at the root.
        key: The key or the index by which the parent holds it.
    """

    __slots__ = ("_value", "key", "parent")

    def __init__(self, value: Any, parent: Node | None = None, key: str | int = "") -> None:
        self._value = value
        self.parent = parent
        self.key = key

    def __getitem__(self, key: str) -> Node:
        """The child of that name; absent children can be descended into and read as absent."""
        value = self._value
        if type(value) is dict:
            return Node(value.get(key), self, key)
        return Node(UNKNOWN if value is UNKNOWN else None, self, key)

    def at(self, *keys: str) -> Node:
        """The node that is reached by following the keys one after the other."""
        node = self
        for key in keys:
            node = node[key]
        return node

    @property
    def path(self) -> str:
        """The path from the resource's root, such as `metadata.labels["platform/owner"]`."""
        keys: list[str | int] = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            keys.append(node.key)
            node = node.parent
        text = ""
        for key in reversed(keys):
            if isinstance(key, int):
                text += f"[{key}]"
            elif _PLAIN_KEY.match(key):
                text += f".{key}" if text else key
            else:
                text += f'["{key}"]'
        return text

    def value(self) -> Any:
        """The raw value.

        Raises:
            UnknownValueError: If the value is not yet known.
        """
        if self._value is UNKNOWN:
            raise UnknownValueError(self.path)
        return self._value

    def shown(self) -> str:
        """The value as a message shows it: scalars as they are, the rest by its type alone."""
        value = self.value()
        if isinstance(value, list):
            return "a list"
        return "a mapping" if isinstance(value, dict) else repr(value)

    def known(self) -> bool:
        """Whether the value itself is known (its children may still not be)."""
        return self._value is not UNKNOWN

    def exists(self) -> bool:
        """Whether something other than null stands here."""
        return self.value() is not None

    def text(self) -> str | None:
        """The text here, or None if there is none or it is not text."""
        value = self.value()
        return value if isinstance(value, str) else None

    def boolean(self) -> bool | None:
        """The boolean here, or None if there is none or it is not a boolean (the text `"true"` is not)."""
        value = self.value()
        return value if isinstance(value, bool) else None

    def integer(self) -> int | None:
        """The whole number here, or None; 0.0 counts as 0, since Pulumi's wire format knows only floats."""
        value = self.value()
        if isinstance(value, bool):
            return None
        if isinstance(value, int):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return None

    def items(self) -> list[Node]:
        """The elements of the list here; empty if there is no list."""
        value = self.value()
        return [Node(item, self, index) for index, item in enumerate(value)] if type(value) is list else []

    def entries(self) -> Iterator[tuple[str, Node]]:
        """The entries of the mapping here whose keys are text; none if there is no mapping."""
        value = self.value()
        if type(value) is dict:
            for key, item in value.items():
                if isinstance(key, str):
                    yield key, Node(item, self, key)
