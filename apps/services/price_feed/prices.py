"""The API: one price, posted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException
from fastapi.exceptions import RequestValidationError
from pricemodel.records import SCALE, WHOLE_DIGITS, CommodityPrice, Instant, Price
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from servicekit.auth import Principal, problems
from servicekit.kafka_spans import sending
from servicekit.tracing import HEADER, record_headers

from price_feed.market import utc_now
from price_feed.publisher import NotKept, Publisher

Caller = Callable[..., Any]

PRICE_PATTERN = rf"^-?[0-9]{{1,{WHOLE_DIGITS}}}(\.[0-9]{{1,{SCALE}}})?$"
INSTANT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$"


class PostedPrice(CommodityPrice):
    """The record of the topic; its document says what pydantic's own would not, that a price is text."""

    price: Annotated[Price, WithJsonSchema({"type": "string", "pattern": PRICE_PATTERN})] = Field(
        description="Price in the currency of the contract: text with at most 10 digits before and 4 after the point.",
        examples=["71.2500"],
    )
    traded_at: Annotated[Instant, WithJsonSchema({"type": "string", "pattern": INSTANT_PATTERN})] = Field(
        description="Instant of the trade, RFC 3339 in UTC; no later than this service's clock, but for a small skew.",
        examples=["2026-01-31T12:00:00Z"],
    )


class Accepted(BaseModel):
    """Where a price was written."""

    model_config = ConfigDict(frozen=True)

    topic: str = Field(description="Topic on Kafka.")
    partition: int = Field(description="Partition of the topic.")
    offset: int = Field(description="Offset in the partition.")
    traceparent: str = Field(description="The trace that the price carries on its way (W3C Trace Context).")


def prices_router(
    publisher: Callable[[], Publisher],
    caller: Caller,
    *,
    max_clock_skew: timedelta,
    now: Callable[[], datetime] = utc_now,
) -> APIRouter:
    """The routes.

    Args:
        publisher: the one of the running server.
        caller: dependency that lets in who may write.
        max_clock_skew: how far in the future a price may have been traded.
        now: the present instant.
    """
    router = APIRouter(prefix="/v1", tags=["prices"])

    @router.post(
        "/prices",
        status_code=202,
        summary="Write one price",
        response_description="All in-sync replicas have it",
        responses=problems(400, 413, 422),
    )
    async def post_price(
        price: PostedPrice,
        _caller: Annotated[Principal, Depends(caller)],
        traceparent: Annotated[str | None, Header(description="The caller's trace; begun here when absent.")] = None,
    ) -> Accepted:
        latest = now() + max_clock_skew
        if price.traded_at > latest:
            message = f"is in the future; by this clock the latest is {latest.isoformat(timespec='seconds')}"
            raise RequestValidationError([{"loc": ("body", "traded_at"), "msg": message, "type": "value_error"}])
        del traceparent  # read where every request's is; here so that the document names it
        try:
            with sending({price.topic}, 1, makes=True):
                trace = record_headers()[HEADER].decode()
                sent = await publisher().publish(price)
        except NotKept as error:
            wait = {"Retry-After": str(max(1, round(error.retry_after)))}
            raise HTTPException(503, f"The price was not written: {error}", headers=wait) from error
        return Accepted(topic=sent.topic, partition=sent.partition, offset=sent.offset, traceparent=trace)

    return router
