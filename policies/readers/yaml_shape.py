"""Refuses YAML whose shape, not whose size, would take a reader's stack, memory or time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import yaml

DEEPEST: Final = 300
"""Levels of nesting that are read; the deepest definitions of custom resources have about forty."""

_MOST_REPEATED: Final = 1_000_000
"""Values of one document that aliases may repeat."""

_OPENING: Final = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


class TooDeepError(ValueError):
    """A document is nested deeper than `DEEPEST`.

    Attributes:
        line: Where, from 1.
    """

    def __init__(self, line: int) -> None:
        super().__init__(f"is nested more than {DEEPEST} levels deep, the most that is read")
        self.line = line


class SwollenError(ValueError):
    """The aliases of a document stand for too much.

    Attributes:
        line: Where, from 1.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def refuse_deep(text: bytes, loader: type[yaml.CSafeLoader]) -> None:
    """Refuse what is nested too deeply before LibYAML's composer, which recurses on the C stack, sees it.

    Raises:
        TooDeepError: If it is.
    """
    depth = 0
    events: Iterator[Any] = yaml.parse(text, Loader=loader)
    for event in events:
        if type(event) in _OPENING:
            depth += 1
            if depth > DEEPEST:
                raise TooDeepError(event.start_mark.line + 1)
        elif type(event) in _CLOSING:
            depth -= 1


def refuse_swollen(root: yaml.Node, twice: list[tuple[int, str]]) -> None:
    """Refuse a document whose aliases repeat so much that walking through its values would not end.

    Args:
        root: The document, whose nesting `refuse_deep` let pass; what aliases stand for is in it once.
        twice: Takes the keys that a mapping has before, each with its line.

    Raises:
        SwollenError: If they do, or if one stands for something that it is a part of.
        TooDeepError: If what they stand for is nested too deeply where they stand.
    """
    shape = _Shape(twice)
    size, _ = shape.measure(root)
    if size - shape.written > _MOST_REPEATED:
        reason = f"its aliases repeat more than {_MOST_REPEATED:,} values, the most that is read; write them out"
        raise SwollenError(root.start_mark.line + 1, reason)


class _Shape:
    def __init__(self, twice: list[tuple[int, str]]) -> None:
        self.written = 0
        self._twice = twice
        self._measured: dict[yaml.Node, tuple[int, int] | None] = {}

    def measure(self, node: yaml.Node) -> tuple[int, int]:
        """The number of values, each as often as it is repeated, and the levels of nesting."""
        if not isinstance(node, yaml.CollectionNode):
            self.written += 1
            return 1, 0
        if node in self._measured:
            known = self._measured[node]
            if known is None:
                line = node.start_mark.line + 1
                raise SwollenError(line, "an alias stands for something that it is a part of; write out what is meant")
            return known
        self._measured[node] = None
        self.written += 1
        parts = node.value
        if isinstance(node, yaml.MappingNode):
            self._note_keys([key for key, _ in node.value if isinstance(key, yaml.ScalarNode)])
            parts = [part for pair in node.value for part in pair]
        sizes = [self.measure(part) for part in parts]
        found = 1 + sum(size for size, _ in sizes), 1 + max((levels for _, levels in sizes), default=0)
        if found[1] > DEEPEST:
            raise TooDeepError(node.start_mark.line + 1)
        self._measured[node] = found
        return found

    def _note_keys(self, keys: Sequence[Any]) -> None:
        met: set[tuple[str, str]] = set()
        for key in keys:
            named = (key.tag, key.value)
            if named in met:
                self._twice.append((key.start_mark.line + 1, key.value))
            met.add(named)
