"""One thing that was looked at before a deployment, and what to do when it is not as it must be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        ok: it is as it must be.
        found: what was found.
        fix: what to do when it is not; "" when there is nothing to do.
        needed: `up` cannot work without it.
    """

    name: str
    ok: bool
    found: str
    fix: str = ""
    needed: bool = True

    @property
    def missing(self) -> bool:
        """Whether it is needed and not as it must be."""
        return self.needed and not self.ok
