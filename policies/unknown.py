from __future__ import annotations

from typing import Final


class Unknown:
    """The type of `UNKNOWN`: a value that is not yet known (an output at preview, an encrypted secret)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
"""Stands in a property map for a value that is not yet known. It never counts as good and never as bad."""


class UnknownValueError(Exception):
    """A rule looked at a value that is not yet known.

    Rules let it pass; the runtime turns it into an advisory finding prefixed `UNKNOWN`.

    Attributes:
        path: Where the value stands in the resource, such as `spec.template.spec.containers[0].image`.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path
