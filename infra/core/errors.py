"""What the program tells a person whose configuration or catalog it cannot accept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in one place of one file.

    Attributes:
        file: file to open, relative to the project, for example ``Pulumi.prod.yaml``.
        field: dotted path of the field, or the entry's name and field.
        value: what stands there now, as the person wrote it; never the value of a secret.
        limit: what is allowed there.
        fix: what to do about it.
    """

    file: str
    field: str
    value: str
    limit: str
    fix: str

    def __str__(self) -> str:
        """One line: where, what stands there, what is allowed, what to do."""
        end = "" if self.fix.endswith("?") else "."
        return f"{self.file}: {self.field} is {self.value}: {self.limit}. {self.fix}{end}"


class ConfigurationError(Exception):
    """The configuration or the catalog is refused, before anything is declared.

    Attributes:
        problems: every problem that was found, not only the first.
        exit_code: 2, as for every usage or configuration error of this project.
    """

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
