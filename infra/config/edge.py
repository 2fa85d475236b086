"""The sections of Pulumi.<environment>.yaml about the edge on the internet, and about who is told of failures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.core.models import Document

DOMAIN = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"
"""A host name of at least two labels, in lower case (RFC 1123)."""

LONGEST_DOMAIN = 64
"""Longest name of a certificate (AWS Certificate Manager API, RequestCertificate)."""


MOST_ADDRESSES = 10
"""Addresses that one notification of a budget goes to (AWS Budgets API, Subscribers)."""

Email = Annotated[str, Field(pattern=r"^[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]+\.)+[A-Za-z]{2,63}$", max_length=254)]


class EdgeConfig(Document):
    """Where the platform is reached from the internet."""

    domain: str = Field(pattern=DOMAIN, max_length=LONGEST_DOMAIN, description="host name, such as data.example.com")
    zone_id: str = Field(
        pattern=r"^Z[A-Z0-9]{1,31}$", description="id of the Route 53 hosted zone that the domain is in; it exists"
    )
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = Field(
        description="where CloudFront answers: North America and Europe, most regions, or everywhere"
    )
    origin_target: str | None = Field(
        default=None,
        pattern=DOMAIN,
        max_length=253,
        description="host name of a load balancer that somebody else keeps, to which origin.<domain> leads; with a "
        "cluster of kind eks the program makes one of its own if null",
    )
    requests_per_address: int = Field(
        ge=10, le=2_000_000, description="requests of one address in 5 minutes, after which it is refused"
    )


class WatchConfig(Document):
    """Who is told when something fails, is attacked, or costs more than planned."""

    emails: tuple[Email, ...] = Field(
        min_length=1, max_length=MOST_ADDRESSES, description="addresses; each must confirm its subscription once"
    )
    trail: bool = Field(
        description="whether the program records the account's calls; false where the organization already does"
    )
