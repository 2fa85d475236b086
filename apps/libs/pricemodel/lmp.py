"""Generated locational marginal prices, as an operator of a power system publishes them every five minutes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, StringConstraints

from pricemodel.records import Instant, Price, Record

INTERVAL = timedelta(minutes=5)
FIRST_INTERVAL = datetime(2025, 1, 1, tzinfo=UTC)

Place = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")]


class Lmp(Record):
    """The price of one node in one interval; energy, congestion and loss add up to it."""

    topic: ClassVar[str] = "ISO_RT_LMP"
    key_columns: ClassVar[tuple[str, ...]] = ("iso", "node")

    iso: Place = Field(description="Independent system operator.")
    node: Place = Field(description="Pricing node as the operator names it.")
    interval_start: Instant = Field(description="Start of the 5-minute interval in UTC.")
    lmp: Price = Field(description="Locational marginal price in USD per MWh.")
    energy: Price = Field(description="Energy component in USD per MWh.")
    congestion: Price = Field(description="Congestion component in USD per MWh.")
    loss: Price = Field(description="Loss component in USD per MWh.")
    published_at: Instant = Field(description="Instant at which the operator published it.")


def generated_lmps(iso: str, node: str, *, seed: int, start: datetime = FIRST_INTERVAL) -> Iterator[Lmp]:
    """An endless series of one node, the same for a seed, operator and node; prices may fall below zero, as real ones.

    Parameters are chosen to look like a real-time market and estimated from no data: energy follows the hour of the
    day and goes back to it by a tenth each interval, one interval in 200 has a spike, congestion comes and goes.
    """
    rng = np.random.default_rng([seed, *iso.encode(), 0, *node.encode()])
    deviation = congestion = 0.0
    at = start
    while True:
        hour = at.hour + at.minute / 60
        spike = float(rng.exponential(120.0)) if rng.random() < 0.005 else 0.0
        deviation = 0.9 * deviation + float(rng.normal(0.0, 2.0)) + spike
        congestion = 0.97 * congestion + float(rng.normal(0.0, 0.5))
        energy = _dollars(32.0 - 14.0 * float(np.cos(2 * np.pi * (hour - 5.0) / 24)) + deviation)
        apart, loss = _dollars(congestion), _dollars(0.02 * float(energy))
        yield Lmp(
            iso=iso,
            node=node,
            interval_start=at,
            lmp=energy + apart + loss,
            energy=energy,
            congestion=apart,
            loss=loss,
            published_at=at + INTERVAL,
        )
        at += INTERVAL


def _dollars(value: float) -> Decimal:
    return Decimal(f"{value:.4f}")
