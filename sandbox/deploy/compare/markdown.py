"""Markdown in which values stay values, and a document that keeps to its size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sandbox.deploy.compare.phrase import Phrase

LIMIT = 60_000
"""Characters of a document at most; GitHub takes 65,536 in a comment, and the rest is for whoever posts it."""

_LONGEST = 160
"""Characters of a single value that are shown in a sentence."""

_TICKS = re.compile("`+")


def code(value: str, *, longest: int = _LONGEST) -> str:
    """Write any text as a code span that it cannot break out of.

    In a code span nothing is interpreted: no HTML, no link, no mention, no reference to an issue. It ends only at as
    many backticks as it began with, so it begins with more than the text has in a row. A line's end would let a block
    begin inside of it, and invisible characters could make it read as something else: both are written as escapes.

    Args:
        value: the text.
        longest: characters that are shown; a longer text ends with dots.
    """
    text = visible(value if len(value) <= longest else f"{value[: longest - 3]}...")
    if not text.strip():
        return '`""`' if not text else f'`"{text}"`'
    fence = "`" * (1 + max((len(run) for run in _TICKS.findall(text)), default=0))
    # A renderer takes one space off each end when there is one at both, so these two never belong to the text.
    padding = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def visible(value: str) -> str:
    """Write what cannot be seen (ends of lines, controls, changes of direction, joiners) as escapes."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode() for char in value
    )


def sentence(phrase: Phrase) -> str:
    """Write a phrase: its words as they are, each value as code."""
    return "".join(code(part) if index % 2 else part for index, part in enumerate(phrase))


def fenced(lines: Iterable[str], language: str) -> list[str]:
    """Write lines as a code block that none of them can end."""
    shown = [visible(line) for line in lines]
    runs = (len(run) for line in shown for run in _TICKS.findall(line))
    fence = "`" * max(3, 1 + max(runs, default=0))
    return [f"{fence}{language}", *shown, fence]


@dataclass(frozen=True)
class Section:
    """A heading with items.

    Attributes:
        heading: what is above it, our own words.
        items: lines of Markdown, each whole in itself.
        most: items that are shown at most.
        intro: a line between heading and items.
    """

    heading: str
    items: Sequence[str]
    most: int = 60
    intro: str = ""


class Document:
    """Lines that are added as long as there is room, and a sentence about those that were not."""

    def __init__(self, limit: int = LIMIT, reserve: int = 1500) -> None:
        """Begin an empty document.

        Args:
            limit: characters that it may have.
            reserve: characters kept for the sentence about what was left out.
        """
        self._lines: list[str] = []
        self._size = 0
        self._limit = limit
        self._reserve = reserve
        self._left_out: list[str] = []

    @property
    def room(self) -> int:
        """Characters that are left."""
        return self._limit - self._reserve - self._size

    def add(self, *lines: str) -> bool:
        """Add lines, all or none; tells whether there was room."""
        size = sum(len(line) + 1 for line in lines)
        if size > self.room:
            return False
        self._lines.extend(lines)
        self._size += size
        return True

    def section(self, section: Section) -> None:
        """Add a heading with as many of its items as there is room for; without items it is left out."""
        if not section.items:
            return
        head = ["", f"#### {section.heading}", "", *([section.intro, ""] if section.intro else [])]
        shown = 0
        if self.add(*head):
            for item in section.items[: section.most]:
                if not self.add(item):
                    break
                shown += 1
        self.leave_out(len(section.items) - shown, len(section.items), f"of {section.heading!r}")

    def leave_out(self, count: int, total: int, what: str) -> None:
        """Remember that something was left out."""
        if count:
            self._left_out.append(f"{count:,} of {total:,} {what}")

    def text(self, how_to_see: str) -> str:
        """Return the document.

        Args:
            how_to_see: how to get what was left out, as Markdown.
        """
        lines = list(self._lines)
        if self._left_out:
            lines += ["", f"*Left out, so that this stays readable: {'; '.join(self._left_out)}. {how_to_see}*"]
        return "\n".join(lines).strip("\n") + "\n"
