"""What may be spent, and when somebody is told that it is not so: plain values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from infra.core.models import Args
from infra.core.names import PROJECT

SPENT_PERCENT, FORECAST_PERCENT = 80, 100
"""Told when four fifths are spent, and when AWS expects the month to end above the budget."""

ANOMALY_PERCENT, LEAST_ANOMALY = 5, 10
"""An anomaly is worth a mail from a twentieth of the budget on, and never below 10 USD: planning figures."""

DEFAULT_ANOMALY = 100
"""USD, where there is no budget to take a part of."""


class BudgetSpec(Args):
    """What may be spent in a month."""

    name: str = Field(min_length=1, max_length=100, description="name of the budget")
    usd: int = Field(ge=1, description="US dollars a month")
    tags: dict[str, str] = Field(default_factory=dict, description="only what has these tags; everything if empty")


class BudgetsArgs(Args):
    """The budgets of an account, and what counts as an anomaly there."""

    name: str = Field(min_length=1, max_length=60, description="beginning of all names")
    account_id: str = Field(pattern=r"^[0-9]{12}$", description="account whose bill it is")
    budgets: tuple[BudgetSpec, ...] = Field(description="the budgets")
    emails: tuple[str, ...] = Field(min_length=1, description="who is told")
    anomaly_usd: int = Field(ge=1, description="impact from which on an anomaly is told, in US dollars")


def budgets_args(
    name: str, account_id: str, emails: tuple[str, ...], budget: int | None, tenants: Mapping[str, int | None]
) -> BudgetsArgs:
    """The budgets.

    The account's own counts everything in its bill. A tenant's counts what has its tag: buckets, keys and roles of
    its own, but not its pods, which share nodes with others; what these may cost is bounded by its quota.

    Args:
        name: beginning of all names.
        account_id: the account.
        emails: who is told.
        budget: US dollars a month for everything; no budget if None.
        tenants: likewise for each tenant.
    """
    specs = [] if budget is None else [BudgetSpec(name=name, usd=budget)]
    specs += [
        BudgetSpec(name=f"{name}-{tenant}", usd=usd, tags={"Tenant": tenant})
        for tenant, usd in tenants.items()
        if usd is not None
    ]
    share = DEFAULT_ANOMALY if budget is None else max(LEAST_ANOMALY, budget * ANOMALY_PERCENT // 100)
    return BudgetsArgs(name=name, account_id=account_id, budgets=tuple(specs), emails=emails, anomaly_usd=share)


def notifications(emails: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Who is told when."""
    for kind, percent in (("ACTUAL", SPENT_PERCENT), ("FORECASTED", FORECAST_PERCENT)):
        yield {
            "comparison_operator": "GREATER_THAN",
            "threshold": percent,
            "threshold_type": "PERCENTAGE",
            "notification_type": kind,
            "subscriber_email_addresses": [*emails],
        }


def cost_filters(spec: BudgetSpec) -> list[dict[str, Any]] | None:
    """The budget's tags as AWS writes them (AWS Budgets API, CostFilters)."""
    values = [f"user:{key}${value}" for key, value in spec.tags.items()]
    return [{"name": "TagKeyValue", "values": values}] if values else None


def monitored() -> str:
    """What is watched for anomalies: everything with the project's tag.

    AWS's monitor of all services can be there once in an account, and new accounts have it already.
    """
    nothing = dict.fromkeys(("And", "CostCategories", "Dimensions", "Not", "Or"))
    tags = {"Key": "Project", "MatchOptions": None, "Values": [PROJECT]}
    return json.dumps({**nothing, "Tags": tags}, sort_keys=True)
