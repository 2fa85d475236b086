"""YAML as Kubernetes reads it, at less than half the time that PyYAML takes.

PyYAML makes a node of everything and asks for the meaning of each. Here values are built from LibYAML's events at once,
and each bare word's meaning is found out once, since manifests repeat the same words. What is rare (anchors, merge
keys, tags, keys that are no text) is left to PyYAML, in a second reading.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

import yaml

from policies.readers.yaml_shape import DEEPEST, TooDeepError, refuse_deep, refuse_swollen

_TEXT: Final = "tag:yaml.org,2002:str"
_BARE: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("bool", "float", "int", "null", "str"))
_MOST_REMEMBERED: Final = 10_000
_NEW: Final = object()


class Loader(yaml.CSafeLoader):
    """PyYAML's safe loader, for which a bare date and a bare `=` are text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":value"))]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def documents_of(text: bytes, twice: list[tuple[int, str]]) -> list[tuple[int, Any]]:
    """The documents of a YAML text, each with the line on which it begins (from 1).

    Args:
        text: The text, in UTF-8 or UTF-16.
        twice: Takes the keys that a mapping has before, each with its line; the last one counts, as for Kubernetes.

    Raises:
        TooDeepError: If one is nested too deeply.
        SwollenError: If its aliases stand for too much, or one for itself.
        yaml.YAMLError: If it is not YAML; then also ValueError, OverflowError or RecursionError.
    """
    if not (b"&" in text or b"<<" in text):
        try:
            reading = _Reading(text)
            found = reading.documents()
        except _RareError:
            pass
        else:
            twice += reading.twice
            return found
    return _by_pyyaml(text, twice)


def _by_pyyaml(text: bytes, twice: list[tuple[int, str]]) -> list[tuple[int, Any]]:
    refuse_deep(text, Loader)
    loader = Loader(text)
    found: list[tuple[int, Any]] = []
    try:
        while loader.check_node():
            node: Any = loader.get_node()
            refuse_swollen(node, twice)
            found.append((node.start_mark.line + 1, loader.construct_document(node)))
    finally:
        loader.dispose()
    return found


class _RareError(Exception):
    """Something stands in the text that is left to PyYAML."""


class _Reading:
    meanings: ClassVar[dict[str, Any]] = {}
    """What bare words mean that were met before, in whatever text."""

    def __init__(self, text: bytes) -> None:
        self._loader = Loader(text)
        self._take: Callable[[], Any] = self._loader.get_event
        self.twice: list[tuple[int, str]] = []

    def documents(self) -> list[tuple[int, Any]]:
        found: list[tuple[int, Any]] = []
        try:
            self._take()
            while type(self._take()) is yaml.DocumentStartEvent:
                event = self._take()
                line = event.start_mark.line + 1
                found.append((line, self._scalar(event) if type(event) is yaml.ScalarEvent else self._opened(event, 1)))
                self._take()
        finally:
            self._loader.dispose()
        return found

    def _opened(self, event: Any, depth: int) -> Any:
        kind = type(event)
        if kind is yaml.AliasEvent or event.tag is not None:
            raise _RareError
        if depth > DEEPEST:
            raise TooDeepError(event.start_mark.line + 1)
        return self._mapping(depth + 1) if kind is yaml.MappingStartEvent else self._list(depth + 1)

    def _mapping(self, deeper: int) -> dict[Any, Any]:
        take, scalar = self._take, self._scalar
        found: dict[Any, Any] = {}
        while type(event := take()) is yaml.ScalarEvent:
            key = scalar(event)
            if key in found:
                self._note(key, event.start_mark)
            event = take()
            found[key] = scalar(event) if type(event) is yaml.ScalarEvent else self._opened(event, deeper)
        if type(event) is yaml.MappingEndEvent:
            return found
        raise _RareError

    def _note(self, key: Any, mark: Any) -> None:
        self.twice.append((mark.line + 1, str(key)))

    def _list(self, deeper: int) -> list[Any]:
        take, scalar = self._take, self._scalar
        found: list[Any] = []
        while (kind := type(event := take())) is not yaml.SequenceEndEvent:
            found.append(scalar(event) if kind is yaml.ScalarEvent else self._opened(event, deeper))
        return found

    def _scalar(self, event: Any) -> Any:
        if event.tag is not None:
            raise _RareError
        word = event.value
        if not event.implicit[0]:
            return word
        value = self.meanings.get(word, _NEW)
        return self._meaning(word) if value is _NEW else value

    def _meaning(self, word: str) -> Any:
        tag = self._loader.resolve(yaml.ScalarNode, word, (True, False))  # type: ignore[no-untyped-call]
        if tag not in _BARE:
            raise _RareError
        value = word if tag == _TEXT else self._loader.construct_object(yaml.ScalarNode(tag, word))
        if len(self.meanings) < _MOST_REMEMBERED:
            self.meanings[word] = value
        return value
