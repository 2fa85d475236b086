"""The tenant catalog: who shares the platform, and how much of it."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints

from infra.core.labels import LABEL_VALUE, DataClass
from infra.core.models import Document

TenantName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$")]
"""A DNS label short enough to be part of other names."""


LEAST_PERCENT = Decimal("0.1")
"""Of prod's 200 CPU and 400 GiB that is a fifth of a core and 409 MiB: one small pod. Less would hold none."""


class Tenant(Document):
    """One tenant: a trading desk, an analytics team or an external partner."""

    owner: str = Field(pattern=LABEL_VALUE, description="team that answers for it")
    cost_centre: str = Field(pattern=LABEL_VALUE, description="account that pays for it")
    quota_percent: Decimal = Field(
        ge=LEAST_PERCENT,
        le=100,
        decimal_places=1,
        description="share of the environment's quota, in per cent, to a tenth",
    )
    monthly_budget_usd: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="US dollars a month that its quota may cost at most; no limit if left out",
    )
    leaving: bool = Field(
        default=False,
        description="whether it may be removed: before that, no update outside local deletes the tenant's namespace",
    )
    clearance: tuple[DataClass, ...] = Field(min_length=1, description="data classes that its users may read")


class TenantCatalog(Document):
    """tenants.yaml."""

    tenants: dict[TenantName, Tenant] = Field(description="tenant by name")
