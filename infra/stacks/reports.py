"""What is derived in one environment, as pages that show in a review what a change of the declaration changes."""

from __future__ import annotations

from infra.components.governance.access_document import access_document
from infra.components.governance.access_report import access_report
from infra.config import StackConfig
from infra.core.catalog.catalog import Catalog
from infra.core.cost.report import cost_report
from infra.core.data.report import masks_report, retention_report
from infra.core.quota_report import quota_report
from infra.core.wiring.maps import as_json
from infra.core.wiring.report import wiring_report
from infra.stacks.cost import estimate_cost
from infra.stacks.plan import Plan
from infra.stacks.profile import Profile


def reports(config: StackConfig, catalog: Catalog, profile: Profile, plan: Plan) -> dict[str, tuple[str, str]]:
    """Title and text of each page of an environment, by name of the page; equal declarations give equal pages.

    The map of the wiring is there a second time, as JSON without a title, for programs.
    """
    budgets = {spec.name: spec.budget for spec in plan.tenancy.namespaces}
    document = access_document(catalog, config.tenants)
    allowed = ((name, catalog.tenants[name].monthly_budget_usd) for name in config.tenants)
    limits = {name: limit for name, limit in allowed if limit is not None}
    cost = estimate_cost(config, catalog, profile, plan)
    return {
        "wiring.json": ("", as_json(plan.wiring)),
        "wiring.md": ("Wiring", wiring_report(plan.wiring)),
        "quotas.md": ("Quotas", quota_report(plan.shares, plan.tenants, budgets, config.quota.compute)),
        "masks.md": ("Masks and retention", f"{masks_report(catalog)}\n{retention_report(catalog)}"),
        "access.md": ("Access to data", access_report(document, plan.governance.artifacts)),
        "cost.md": ("Cost a month", cost_report(cost, catalog.prices, limits)),
    }
