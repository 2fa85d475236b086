"""The price table: what things cost, where that was read, and what is assumed of how full they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from infra.core.labels import Environment
from infra.core.models import Document
from infra.core.quantity import Bytes, gibibytes

PriceId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
Unit = Literal["hour", "month", "GiB", "GiB-month"]
Usd = Annotated[Decimal, Field(ge=0, le=10_000)]

CPU, MEMORY = "node-cpu", "node-memory"
"""Ids of the two prices that are derived from the node's: of a core-hour and of a GiB-hour."""

KMS_KEY, SECRET, VOLUME, IMAGES = "kms-key", "secret", "ebs-gp3", "ecr-storage"
STANDARD, INFREQUENT, GLACIER = "s3-standard", "s3-infrequent", "s3-glacier"
CLUSTER, NAT, ZONE_TRANSFER = "eks-cluster", "nat-gateway", "zone-transfer"
ENDPOINT = "vpc-endpoint"
SNAPSHOT = "ebs-snapshot"
BALANCER, BALANCER_UNIT = "load-balancer", "load-balancer-unit"
WEB_ACL, WEB_ACL_RULE, ALARM = "web-acl", "web-acl-rule", "alarm"
NEEDED: Mapping[str, Unit] = {
    KMS_KEY: "month",
    SECRET: "month",
    VOLUME: "GiB-month",
    SNAPSHOT: "GiB-month",
    IMAGES: "GiB-month",
    STANDARD: "GiB-month",
    INFREQUENT: "GiB-month",
    GLACIER: "GiB-month",
    CLUSTER: "hour",
    NAT: "hour",
    ENDPOINT: "hour",
    BALANCER: "hour",
    BALANCER_UNIT: "hour",
    WEB_ACL: "month",
    WEB_ACL_RULE: "month",
    ALARM: "month",
    ZONE_TRANSFER: "GiB",
}
"""Rows that the estimate is made of, with the unit that it counts them in."""


class Price(Document):
    """One row."""

    unit: Unit = Field(description="what one of it is; a GiB is what AWS calls a GB")
    usd: Usd = Field(description="US dollars for one unit, on demand, without discounts and taxes")
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[1-9]$", description="region that it is of")
    source: str = Field(min_length=10, description="where it was read")
    read: date = Field(description="day on which it was read, or on which the source was made from AWS's own data")
    verified: bool = Field(description="whether it was read at AWS, or in what AWS's own interface answered")
    reason: str | None = Field(default=None, min_length=10, description="why it is not verified")

    @model_validator(mode="after")
    def _unverified_says_why(self) -> Price:
        if self.verified == (self.reason is not None):
            raise ValueError("must have a reason if it is not verified, and none if it is")
        return self


class Node(Document):
    """The node by whose price CPU and memory are priced."""

    type: str = Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$", description="instance type")
    price: PriceId = Field(description="row with its price per hour")
    cores: int = Field(ge=1, description="vCPUs")
    memory: Bytes = Field(description="memory")
    source: str = Field(min_length=10, description="where cores and memory were read")


class Split(Document):
    """How a node's price is divided between its CPU and its memory."""

    cpu_hour: Usd = Field(gt=0, description="USD of a core-hour, only as a ratio to the other")
    memory_gib_hour: Usd = Field(gt=0, description="USD of a GiB-hour, likewise")
    source: str = Field(min_length=10, description="whose ratio it is")


class Filling(Document):
    """How much is stored, which nothing declares."""

    lakehouse_gib_a_day: dict[Environment, Annotated[Decimal, Field(ge=0)]] = Field(
        description="GiB that come into the lakehouse each day; none in an environment that is left out"
    )
    lakehouse_days: int = Field(ge=1, le=3650, description="days that have come in so far")
    snapshot_gib_a_day: dict[Environment, Annotated[Decimal, Field(ge=0)]] = Field(
        description="GiB that change on all volumes of an environment each day; none in one that is left out"
    )
    image_gib: Annotated[Decimal, Field(gt=0, le=20)] = Field(description="GiB of one image of a service of ours")
    source: str = Field(min_length=10, description="where the figures come from")


class PriceCatalog(Document):
    """prices.yaml."""

    prices: dict[PriceId, Price] = Field(description="price by id")
    node: Node = Field(description="the node by whose price CPU and memory are priced")
    split: Split = Field(description="how its price is divided")
    filling: Filling = Field(description="how much is stored")

    @model_validator(mode="after")
    def _complete(self) -> PriceCatalog:
        if self.node.price not in self.prices:
            raise ValueError(f"node.price must be a row of prices: {self.node.price} is none")
        if self.prices[self.node.price].unit != "hour":
            raise ValueError(f"node.price must be a price per hour: {self.node.price} is per {self._node.unit}")
        for needed, unit in NEEDED.items():
            if needed not in self.prices or self.prices[needed].unit != unit:
                raise ValueError(f"prices must have {needed} per {unit}")
        for derived in (CPU, MEMORY):
            if derived in self.prices:
                raise ValueError(f"prices must not have {derived}, which is derived from the node's price")
        return self

    @property
    def _node(self) -> Price:
        return self.prices[self.node.price]

    def unit(self, price: str) -> str:
        """What one of it is, for people.

        Raises:
            KeyError: there is no such row.
        """
        return {CPU: "core-hour", MEMORY: "GiB-hour"}.get(price) or self.prices[price].unit

    def usd(self, price: str) -> Fraction:
        """US dollars of one unit, exactly.

        CPU and memory share the node's price in the ratio of OpenCost's defaults, so that a full node costs what it
        costs (OpenCost, pkg/costmodel/costmodel.go: node price / (cores x ratio + GiB) is the price of a GiB).

        Raises:
            KeyError: there is no such row.
        """
        if price not in (CPU, MEMORY):
            return Fraction(self.prices[price].usd)
        ratio = Fraction(self.split.cpu_hour) / Fraction(self.split.memory_gib_hour)
        gib_hour = Fraction(self._node.usd) / (self.node.cores * ratio + Fraction(self.node.memory, gibibytes(1)))
        return gib_hour * ratio if price == CPU else gib_hour
