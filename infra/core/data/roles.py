"""The roles in which people and programs read data, and how each sees each class."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from infra.core.data.classes import ColumnClass
from infra.core.labels import LABEL_VALUE
from infra.core.models import Document

Treatment = Literal["clear", "masked", "tokenized", "hidden"]
"""How a column is shown: as it is; by its class's mask; as a token in its place; or not at all."""

RoleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,30}[a-z0-9]$")]
"""A name that every engine takes, in quotes where it has a dash."""


class Role(Document):
    """One role. What it does not list, it does not see."""

    description: str = Field(min_length=10, max_length=200, description="who has this role, and what for")
    owner: str = Field(pattern=LABEL_VALUE, description="team that grants it")
    rows: Literal["all", "entitled"] = Field(
        description="all rows, or only those whose scope (tenant, iso) the reader belongs to"
    )
    writes: bool = Field(default=False, description="whether it may add rows to the datasets that it sees")
    treatments: dict[ColumnClass, Treatment] = Field(min_length=1, description="treatment by class")
    detokenizes: tuple[ColumnClass, ...] = Field(
        default=(), description="classes whose tokens the tokenization service turns back for this role"
    )
    purposes: tuple[Annotated[str, StringConstraints(pattern=LABEL_VALUE)], ...] = Field(
        min_length=1, description="purposes for which it may read"
    )

    def treatment(self, column_class: str) -> Treatment:
        """How this role sees ``column_class``; hidden unless the catalog says otherwise."""
        return self.treatments.get(column_class, "hidden")


class RoleCatalog(Document):
    """roles.yaml; a reader with several roles is treated by the first one that is listed."""

    roles: dict[RoleName, Role] = Field(description="role by name, from the one that sees most")
