"""What is asked and answered over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pricemodel import MODEL_NAME
from pricemodel.features import ABOVE_ZERO, STORED_NAMES
from pricemodel.records import PRICE_LIMIT, Symbol
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

MOST_INPUTS = 500
MOST_EXPLAINED = 50
"""Fewer, since an explanation follows every path of each tree where a prediction follows one."""

_EXAMPLE = dict.fromkeys(STORED_NAMES, 1.0)

FeatureValue = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
FeatureName = Annotated[str, Field(max_length=64)]

_NUMBER = {"type": "number", "minimum": -1e12, "maximum": 1e12}
_ABOVE_ZERO = {"type": "number", "exclusiveMinimum": 0, "maximum": 1e12}

Features = Annotated[
    dict[FeatureName, FeatureValue],
    Field(max_length=100),
    # pydantic alone would not say which names are needed: a map has none.
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": 100,
            "required": list(STORED_NAMES),
            "properties": {name: _ABOVE_ZERO if name in ABOVE_ZERO else _NUMBER for name in STORED_NAMES},
            "propertyNames": {"maxLength": 64},
            "additionalProperties": _NUMBER,
        }
    ),
]


class Input(BaseModel):
    """One price with the stored features of its symbol."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    symbol: Symbol = Field(description="Symbol of the commodity; one that the model knows.", examples=["WTI"])
    price: float = Field(
        gt=0, lt=float(PRICE_LIMIT), allow_inf_nan=False, description="The price at hand.", examples=[71.25]
    )
    features: Features = Field(
        description="Stored features by name, as feature-server answers them; others than the model's are ignored.",
        examples=[_EXAMPLE],
    )


class PredictRequest(BaseModel):
    """Inputs to be answered together."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    inputs: list[Input] = Field(min_length=1, max_length=MOST_INPUTS, description="The inputs, answered in order.")
    explain: bool = Field(
        default=False, description=f"Whether to say why; at most {MOST_EXPLAINED} inputs can be explained at once."
    )


class Explanation(BaseModel):
    """SHAP values of the probability that the price rises: base and contributions add up to it."""

    model_config = ConfigDict(frozen=True)

    base: float = Field(description="The probability before anything is known.")
    contributions: dict[str, float] = Field(description="What each feature adds.")
    probability_up: float = Field(description="Their sum: the probability of a rise.")


class Answer(BaseModel):
    """The prediction for one input."""

    model_config = ConfigDict(frozen=True)

    symbol: str = Field(description="Symbol of the commodity.")
    prediction: float = Field(description="Expected next price.")
    direction: Literal[1, -1] = Field(description="1 where a rise is the likelier, else -1.")
    confidence: float = Field(ge=0.5, le=1, description="Probability of the direction.")
    version: str = Field(description="Version that answered.")
    variant: str = Field(description="Why that version: `champion`, `canary` or `ab`.")
    explanation: Explanation | None = Field(default=None, description="Why, where it was asked for.")


class PredictResponse(BaseModel):
    """Answers in the order of the inputs."""

    model_config = ConfigDict(frozen=True)

    model: str = Field(default=MODEL_NAME, description="Name of the model.")
    version: str = Field(description="Version that answered; the champion's where `variant` is `mixed`.")
    variant: str = Field(description="`champion`, `canary`, `ab`, or `mixed` where A/B split the inputs.")
    predictions: list[Answer] = Field(description="One per input.")


class VersionInfo(BaseModel):
    """A version in service."""

    model_config = ConfigDict(frozen=True)

    alias: str = Field(description="`champion` or `challenger`.")
    version: str = Field(description="The version.")
    since: datetime = Field(description="Since when it is in service here.")
    symbols: list[str] = Field(description="Symbols that it knows.")
    trained_until: dict[str, str] = Field(description="Per symbol, the last day that it has learnt from.")
    training_data_sha256: str = Field(description="Digest of what it has learnt from.")


class FailureInfo(BaseModel):
    """What is not in order with an alias; the version before it goes on answering."""

    model_config = ConfigDict(frozen=True)

    alias: str = Field(description="`champion` or `challenger`.")
    version: str | None = Field(description="The version that was not taken, where it is known.")
    reason: str = Field(description="Why.")
    at: datetime = Field(description="When it was last tried.")


class TrafficInfo(BaseModel):
    """How inputs are shared out."""

    model_config = ConfigDict(frozen=True)

    champion_percent: float = Field(description="What canary and A/B leave.")
    canary_percent: float = Field(description="Requests drawn for the challenger.")
    ab_percent: float = Field(description="Keys that the challenger answers.")
    shadow: bool = Field(description="Whether the challenger answers the rest unseen.")


class ModelInfo(BaseModel):
    """The model: its versions and the traffic split."""

    model_config = ConfigDict(frozen=True)

    model: str = Field(default=MODEL_NAME, description="Name of the model.")
    features: list[str] = Field(default=list(STORED_NAMES), description="Features that an input needs.")
    versions: list[VersionInfo] = Field(description="Versions in service.")
    traffic: TrafficInfo = Field(description="How inputs are shared out.")
    failures: list[FailureInfo] = Field(description="What is not in order.")
