"""Sentences whose words are ours and whose values come from the change, kept apart until they are written."""

from __future__ import annotations

Phrase = tuple[str, ...]
"""Words and values in turn, beginning with words: `("", "orders", " may now reach ", "db")`.

A report writes words as they are and values so that they cannot be anything but values.
"""


def plain(phrase: Phrase) -> str:
    """Write a phrase as plain text, as JSON carries it."""
    return "".join(phrase)


def listed(values: list[str], joint: str = ", ") -> Phrase:
    """Return values one after the other, to be put between words with `join`.

    >>> listed(["a", "b"])
    ('', 'a', ', ', 'b', '')
    """
    parts: list[str] = [""]
    for index, value in enumerate(values):
        parts[-1] += joint if index else ""
        parts += [value, ""]
    return tuple(parts)


def join(*phrases: Phrase) -> Phrase:
    """Put phrases together.

    >>> join(("from ",), ("", "a", ""), (" to ", "b", "."))
    ('from ', 'a', ' to ', 'b', '.')
    """
    parts: list[str] = [""]
    for phrase in phrases:
        parts[-1] += phrase[0] if phrase else ""
        parts += phrase[1:]
        if len(parts) % 2 == 0:
            parts.append("")
    return tuple(parts)
