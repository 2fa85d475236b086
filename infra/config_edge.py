"""The section of Pulumi.<environment>.yaml about the edge on the internet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from infra.core.models import Document

if TYPE_CHECKING:
    from infra.config import StackConfig

DOMAIN = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"
"""A host name of at least two labels, in lower case (RFC 1123)."""

LONGEST_DOMAIN = 64
"""Longest name of a certificate (AWS Certificate Manager API, RequestCertificate)."""


class EdgeConfig(Document):
    """Where the platform is reached from the internet."""

    domain: str = Field(pattern=DOMAIN, max_length=LONGEST_DOMAIN, description="host name, such as data.example.com")
    zone_id: str = Field(
        pattern=r"^Z[A-Z0-9]{1,31}$", description="id of the Route 53 hosted zone that the domain is in; it exists"
    )
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = Field(
        description="where CloudFront answers: North America and Europe, most regions, or everywhere"
    )
    requests_per_address: int = Field(
        ge=10, le=2_000_000, description="requests of one address in 5 minutes, after which it is refused"
    )


def edge_findings(config: StackConfig) -> Iterator[tuple[str, Any, str, str]]:
    """Field, value, limit and fix of what is wrong with sections whose fields are each right."""
    if config.edge is not None and config.environment == "local":
        yield "edge", "a section", "must be null in local, which nobody reaches from the internet", "Remove it"
