"""What the feature server and the model server answer, checked before it is believed."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat


class FeatureRow(BaseModel):
    """Features of one symbol, in the order of the answer's names."""

    model_config = ConfigDict(frozen=True)

    symbol: str
    values: list[FiniteFloat | None]
    stale: bool = False


class FeatureAnswer(BaseModel):
    """Answer of ``POST /v1/features``; fields that are not needed here are not looked at."""

    model_config = ConfigDict(frozen=True)

    names: list[str]
    rows: list[FeatureRow]
    missing: list[str]


class PredictedPrice(BaseModel):
    """Prediction for one input, by the version that made it: in an A/B test those of one answer differ."""

    model_config = ConfigDict(frozen=True)

    symbol: str
    version: str = Field(min_length=1, max_length=64)
    prediction: FiniteFloat
    direction: Literal[1, -1]
    confidence: float = Field(ge=0, le=1)


class PredictionAnswer(BaseModel):
    """Answer of ``POST /v1/models/commodity-price/predict``, predictions in the order of the inputs."""

    model_config = ConfigDict(frozen=True)

    predictions: list[PredictedPrice]
