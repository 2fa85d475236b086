"""Budgets and anomalies of the bill."""

from __future__ import annotations

import pulumi
from pulumi_aws import budgets, costexplorer

from infra.components.foundation.budgets_layout import (
    BudgetsArgs,
    BudgetSpec,
    cost_filters,
    monitored,
    notifications,
)
from infra.core.component import PlatformComponent


class Budgets(PlatformComponent):
    """AWS Budgets for the account and for each tenant, and mails about costs that AWS did not expect.

    Budgets of tenants and the anomalies go by tags, which AWS counts only once they are active as cost allocation tags:
    ``Tenant`` and ``Project`` are activated once by hand in the account that pays (AWS Billing User Guide, "Activating
    user-defined cost allocation tags"), a day after the first resource has them. Nothing here can do that, since the
    paying account may be another one.
    """

    DOMAIN = "foundation"

    def __init__(self, name: str, args: BudgetsArgs, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        for spec in args.budgets:
            self._budget(args, spec)
        monitor = costexplorer.AnomalyMonitor(
            self.child("monitor"),
            name=args.name,
            monitor_type="CUSTOM",
            monitor_specification=monitored(),
            opts=self.child_options(),
        )
        costexplorer.AnomalySubscription(
            self.child("anomalies"),
            name=args.name,
            frequency="DAILY",
            monitor_arn_lists=[monitor.arn],
            subscribers=[{"type": "EMAIL", "address": email} for email in args.emails],
            threshold_expression={
                "dimension": {
                    "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    "match_options": ["GREATER_THAN_OR_EQUAL"],
                    "values": [str(args.anomaly_usd)],
                }
            },
            opts=self.child_options(),
        )
        self.register_outputs({"budgets": [spec.name for spec in args.budgets]})

    def _budget(self, args: BudgetsArgs, spec: BudgetSpec) -> None:
        budgets.Budget(
            self.child(spec.name),
            account_id=args.account_id,
            name=spec.name,
            budget_type="COST",
            limit_amount=str(spec.usd),
            limit_unit="USD",
            time_unit="MONTHLY",
            cost_filters=cost_filters(spec),
            notifications=list(notifications(args.emails)),
            opts=self.child_options(),
        )
