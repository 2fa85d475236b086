from __future__ import annotations

from typing import Any, Final

from policies.unknown import UNKNOWN

RENDERED: Final = "[unknown]"
"""What stands in rendered files for a value, or a part of one, that is known only when the stack is deployed."""


_ENTRY: Final = frozenset({"name", "path", "type", "urn"})


def lists_unknowns(document: Any) -> bool:
    """Whether a document is the list of unknown values that stands beside what is rendered, with nothing to check."""
    return (
        isinstance(document, list)
        and bool(document)
        and all(isinstance(entry, dict) and entry.keys() == _ENTRY for entry in document)
    )


def with_unknowns(value: Any) -> Any:
    """The value with `UNKNOWN` for each text that has an unknown part."""
    if isinstance(value, dict):
        return {key: with_unknowns(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_unknowns(item) for item in value]
    return UNKNOWN if isinstance(value, str) and RENDERED in value else value
