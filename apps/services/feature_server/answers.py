"""What feature-server is asked and answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from featurestore import VIEW
from featurestore.rows import SYMBOL
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MOST_SYMBOLS = 500

Symbol = Annotated[str, StringConstraints(pattern=SYMBOL)]


class FeatureRequest(BaseModel):
    """The symbols whose features are wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbols: list[Symbol] = Field(
        min_length=1,
        max_length=MOST_SYMBOLS,
        description="Symbols; one that is named twice is answered once.",
        examples=[["WTI"]],
    )


class SymbolFeatures(BaseModel):
    """Features of one symbol by name."""

    model_config = ConfigDict(frozen=True)

    view: str = Field(description=f"The feature view: {VIEW}.")
    symbol: str = Field(description="The symbol.")
    features: dict[str, float] = Field(description="The features by name.")
    day: date = Field(description="Last day of the history that they are computed from.")
    as_of: datetime = Field(description="Instant at which that history was read, UTC.")
    age_seconds: float = Field(description="Seconds since then.")
    stale: bool = Field(description="Whether that is longer than features may be used.")


class FeatureRow(BaseModel):
    """Features of one symbol, in the order of the answer's names."""

    model_config = ConfigDict(frozen=True)

    symbol: str = Field(description="The symbol.")
    values: list[float] = Field(description="The features in the order of `names`.")
    day: date = Field(description="Last day of the history that they are computed from.")
    as_of: datetime = Field(description="Instant at which that history was read, UTC.")
    age_seconds: float = Field(description="Seconds since then.")
    stale: bool = Field(description="Whether that is longer than features may be used.")


class FeatureAnswer(BaseModel):
    """Features of several symbols, in the order in which they were asked for."""

    model_config = ConfigDict(frozen=True)

    view: str = Field(description=f"The feature view: {VIEW}.")
    names: list[str] = Field(description="Names of the values of each row; empty when no row is there.")
    rows: list[FeatureRow] = Field(description="One row for each symbol that has features.")
    missing: list[str] = Field(description="Symbols that the tenant's store has no features of.")
