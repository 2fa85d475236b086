"""Property values as the engine holds them: JSON, plus values not yet known and values that are secret."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with string keys; during a plan it may contain `UNKNOWN`."""

PropertyMap = dict[str, Json]
"""The inputs or outputs of one resource, keyed by Pulumi's camelCase property names."""

Path = tuple[str | int, ...]
"""Where a value stands in a property map: map keys and list indexes from the top."""


class Unknown:
    """The type of `UNKNOWN`, a value that exists only after an apply; it equals nothing but itself."""

    _instance: Unknown | None = None

    def __new__(cls) -> Unknown:  # noqa: PYI034 a singleton, so never a subclass instance
        """Return the one instance."""
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "[unknown]"

    def __deepcopy__(self, memo: dict[int, Any]) -> Unknown:
        return self


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that may not be shown or stored in the clear.

    Attributes:
        value: the plain value; it holds no `Secret` itself.
    """

    value: Json

    def __repr__(self) -> str:
        return "[secret]"

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return Secret(copy.deepcopy(self.value, memo))


def transform(value: Json, leaf: Callable[[Json], Json]) -> Json:
    """Rebuild a value with `leaf` applied to everything that is neither a list nor a dict."""
    if isinstance(value, dict):
        return {key: transform(item, leaf) for key, item in value.items()}
    if isinstance(value, list):
        return [transform(item, leaf) for item in value]
    return leaf(value)


def reveal(value: Json) -> Json:
    """Return a copy with every `Secret` replaced by its plain value: what a provider is given."""
    return transform(value, lambda leaf: copy.deepcopy(leaf.value) if isinstance(leaf, Secret) else leaf)


def mask(value: Json) -> Json:
    """Return a copy with every `Secret` as the text `[secret]` and `UNKNOWN` as `[unknown]`: what may be shown."""
    return transform(value, lambda leaf: str(leaf) if isinstance(leaf, Secret | Unknown) else leaf)


def leaves(value: Json, path: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Yield every leaf with its path; an empty list or dict counts as a leaf."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def has_unknown(value: Json) -> bool:
    """Tell whether any leaf is `UNKNOWN`."""
    return any(leaf is UNKNOWN or (isinstance(leaf, Secret) and has_unknown(leaf.value)) for _, leaf in leaves(value))


def format_path(path: Path) -> str:
    """Write a path the way Pulumi shows it.

    >>> format_path(("spec", "containers", 0, "image"))
    'spec.containers[0].image'
    >>> format_path(("data", "server.properties"))
    'data["server.properties"]'
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step and all(char.isalnum() or char in "_-" for char in step):
            text += f".{step}" if text else step
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text


def parse_path(text: str) -> Path:
    """Read a property path as Pulumi writes it: `spec.replicas`, `spec.containers[0].image`, `data["a.b"]`, `a[*]`.

    Raises:
        ValueError: the brackets or quotes do not close.
    """
    path: list[str | int] = []
    position = 0
    while position < len(text):
        if text[position] == ".":
            position += 1
        elif text.startswith('["', position):
            end, key = _quoted(text, position + 2)
            path.append(key)
            position = end
        elif text[position] == "[":
            close = text.find("]", position)
            if close < 0:
                raise ValueError(f"property path {text!r}: '[' at {position} is not closed")
            index = text[position + 1 : close]
            path.append(int(index) if index.isdigit() else index)
            position = close + 1
        else:
            end = position
            while end < len(text) and text[end] not in ".[":
                end += 1
            path.append(text[position:end])
            position = end
    return tuple(path)


def _quoted(text: str, start: int) -> tuple[int, str]:
    key = ""
    position = start
    while position < len(text):
        if text[position] == "\\" and position + 1 < len(text):
            key += text[position + 1]
            position += 2
        elif text.startswith('"]', position):
            return position + 2, key
        else:
            key += text[position]
            position += 1
    raise ValueError(f"property path {text!r}: the quote before {start} is not closed")


def get_path(value: Json, path: Path, default: Json = None) -> Json:
    """Return the value at a path, or `default` where the path leads nowhere."""
    for step in path:
        if (isinstance(value, dict) and step in value) or (
            isinstance(value, list) and isinstance(step, int) and step < len(value)
        ):
            value = value[step]  # type: ignore[index]  # the two branches above pair key types with containers
        else:
            return default
    return value
