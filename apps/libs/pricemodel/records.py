"""Records of the topics `commodity-prices` and `ml-predictions`, as the catalog's JSON Schemas describe them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
)

WHOLE_DIGITS, SCALE = 10, 4
PRICE_LIMIT = Decimal(10) ** WHOLE_DIGITS

# As the catalog's JSON Schemas have them; pydantic alone would read more than they allow.
_DECIMAL = re.compile(rf"-?[0-9]{{1,{WHOLE_DIGITS}}}(\.[0-9]{{1,{SCALE}}})?")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class RecordError(ValueError):
    """Bytes that are no valid record; the message names the record, the field, its value and the limit."""


def _exact(value: Any) -> Any:
    """Refuse a binary float: it has lost the cents that a decimal is there to keep."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return value
    message = f'must be text with at most {WHOLE_DIGITS} digits before and {SCALE} after the point, such as "71.2500"'
    raise ValueError(message)


def _bounded(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("must be a finite number")
    if abs(value) >= PRICE_LIMIT:
        raise ValueError(f"must have at most {WHOLE_DIGITS} digits before the point")
    if value != value.quantize(Decimal(1).scaleb(-SCALE)):
        raise ValueError(f"must have at most {SCALE} digits after the point")
    return value


def _instant_text(value: Any) -> Any:
    """Only RFC 3339 text: pydantic would take a number for seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _INSTANT.fullmatch(value)):
        return value
    raise ValueError('must be RFC 3339 text in UTC with at most 6 decimals, such as "2026-01-31T12:00:00Z"')


def _utc(value: datetime) -> datetime:
    if value.utcoffset() != timedelta(0):
        raise ValueError("must be UTC")
    return value.astimezone(UTC)


def _uuid_text(value: Any) -> Any:
    if isinstance(value, UUID) or (isinstance(value, str) and _UUID.fullmatch(value)):
        return value
    raise ValueError("must be a UUID in lower case with hyphens")


Symbol = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9._-]{0,31}$")]
Price = Annotated[
    Decimal,
    BeforeValidator(_exact),
    AfterValidator(_bounded),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant_text),
    AfterValidator(_utc),
    PlainSerializer(lambda value: value.isoformat().replace("+00:00", "Z"), return_type=str),
]


class Record(BaseModel):
    """What the records share: frozen, no unknown field, to bytes and back."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    topic: ClassVar[str]
    key_columns: ClassVar[tuple[str, ...]] = ("symbol",)

    @property
    def key(self) -> bytes:
        """The record's key on Kafka: the key columns, joined by a bar."""
        return "|".join(str(getattr(self, name)) for name in self.key_columns).encode()

    def to_bytes(self) -> bytes:
        """The record as JSON; `parse` of it is the record again."""
        return orjson.dumps(self.model_dump())

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a record.

        Raises:
            RecordError: it is no JSON object, or a field is missing, unknown or out of its limits.
        """
        try:
            content = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise RecordError(f"{cls.topic}: not JSON: {error}") from None
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise RecordError(f"{cls.topic}: " + "; ".join(_problem(one) for one in error.errors())) from None


class CommodityPrice(Record):
    """The price of a commodity at an instant."""

    topic: ClassVar[str] = "commodity-prices"

    symbol: Symbol = Field(description="Symbol of the commodity.", examples=["WTI"])
    price: Price = Field(
        description="Price in the currency of the contract: text with at most 10 digits before and 4 after the point.",
        examples=["71.2500"],
    )
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(
        description="Currency by its ISO 4217 code.", examples=["USD"]
    )
    traded_at: Instant = Field(description="Instant of the trade, RFC 3339 in UTC.", examples=["2026-01-31T12:00:00Z"])


class Prediction(Record):
    """What the model expects of a commodity's next price."""

    topic: ClassVar[str] = "ml-predictions"

    symbol: Symbol = Field(description="Symbol of the commodity.")
    prediction_id: Annotated[UUID, BeforeValidator(_uuid_text)] = Field(description="Identifier of the prediction.")
    model_version: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        description="Version of the model."
    )
    predicted_at: Instant = Field(description="Instant of the prediction, RFC 3339 in UTC.")
    prediction: float = Field(description="Predicted price in the currency of the contract.")
    confidence: float = Field(ge=0, le=1, description="Confidence between 0 and 1.")


def _problem(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"]) or "the record"
    value = "" if error["type"] == "missing" else f" = {repr(error['input'])[:80]}"
    return f"{where}{value}: {error['msg'].removeprefix('Value error, ')}"
