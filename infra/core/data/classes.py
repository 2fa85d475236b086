"""The classes that a column's content may have, and what each class allows."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from infra.core.labels import DataClass
from infra.core.models import Document

ColumnClass = Annotated[str, StringConstraints(pattern=r"^(public|internal|confidential|pii\.[a-z][a-z-]{1,30})$")]
"""Name of a class: one of the three levels, or one kind of personal data."""

MaskName = Literal["redact", "email", "ssn", "card", "phone", "account"]
"""Shape that a masked value keeps; each is one entry of ``masks.MASKS``."""

LEVELS: tuple[DataClass, ...] = ("public", "internal", "confidential", "pii")
"""From what everybody may read to what only few may."""

DAYS_IN_TEN_YEARS = 3660


class DataClassRules(Document):
    """What holds for every column of one class."""

    description: str = Field(min_length=10, max_length=200, description="what belongs into this class")
    mask: MaskName = Field(default="redact", description="what a masked value looks like")
    tokenized: bool = Field(
        default=False, description="whether the tokenization service makes a token of each value when it is stored"
    )
    max_retention_days: int = Field(
        ge=1, le=DAYS_IN_TEN_YEARS, description="longest time, in days, that a dataset with such a column may keep rows"
    )


class DataClassCatalog(Document):
    """data-classes.yaml."""

    classes: dict[ColumnClass, DataClassRules] = Field(description="rules by class")


def level(column_class: str) -> DataClass:
    """The label of a class: all kinds of personal data are ``pii``."""
    return next((each for each in LEVELS if each == column_class), "pii")


def most_sensitive(classes: "list[str] | tuple[str, ...]") -> DataClass:
    """The highest level among ``classes``; ``public`` when there are none."""
    return max((level(each) for each in classes), key=LEVELS.index, default="public")
