"""What a dataset's rows are expected to fulfil."""

from typing import Literal

from pydantic import Field, model_validator

from infra.core.models import Document

NEEDS: dict[str, tuple[str, ...]] = {
    "not-null": ("column",),
    "unique": ("columns",),
    "between": ("column",),
    "in-set": ("column", "values"),
    "matches": ("column", "pattern"),
    "length-between": ("column",),
    "row-count-between": (),
}
"""Fields that each kind of expectation cannot do without."""

_BOUNDED = ("between", "length-between", "row-count-between")


class Expectation(Document):
    """One expectation."""

    kind: Literal["not-null", "unique", "between", "in-set", "matches", "length-between", "row-count-between"] = Field(
        description="what is expected"
    )
    column: str | None = Field(default=None, description="column that it is about")
    columns: tuple[str, ...] = Field(default=(), description="columns that are unique together")
    minimum: float | None = Field(default=None, description="smallest value, length or count that is allowed")
    maximum: float | None = Field(default=None, description="largest value, length or count that is allowed")
    values: tuple[str, ...] = Field(default=(), description="values that are allowed")
    pattern: str | None = Field(default=None, min_length=1, description="regular expression that each value matches")
    mostly: float = Field(default=1.0, ge=0.5, le=1.0, description="share of rows that must fulfil it")

    @model_validator(mode="after")
    def _complete(self) -> "Expectation":
        missing = [field for field in NEEDS[self.kind] if not getattr(self, field)]
        if missing:
            raise ValueError(f"must have {', '.join(missing)}, since its kind is {self.kind}")
        bounds = [bound for bound in (self.minimum, self.maximum) if bound is not None]
        if self.kind in _BOUNDED and not bounds:
            raise ValueError(f"must have minimum or maximum, since its kind is {self.kind}")
        if bounds != sorted(bounds):
            raise ValueError(f"must have a minimum ({bounds[0]:g}) that is not above its maximum ({bounds[1]:g})")
        return self

    @property
    def about(self) -> tuple[str, ...]:
        """Every column that it names."""
        return (*((self.column,) if self.column else ()), *self.columns)


class Sla(Document):
    """What readers may rely on; alerts follow from it."""

    freshness_minutes: int = Field(
        ge=1, le=60 * 24 * 35, description="longest time between an event and its row being readable, in minutes"
    )
    completeness_percent: float = Field(
        default=99.0, ge=50, le=100, description="share of expected rows that are there, in per cent"
    )
    quality_percent: float = Field(
        default=95.0, ge=50, le=100, description="share of expectations fulfilled, below which an alert is raised"
    )
