"""What a stack costs in a month, and whether that is within its budget."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi

from infra.components.foundation import (
    cluster_layout,
    image_registry_layout,
    network_layout,
    object_store_layout,
    velero_layout,
)
from infra.components.streaming import kafka_cost
from infra.components.streaming.strimzi_layout import StrimziArgs
from infra.config import StackConfig
from infra.core.catalog.catalog import FOLDER, Catalog
from infra.core.cost.estimate import Estimate, estimate
from infra.core.cost.report import notes, usd
from infra.core.cost.usage import Running, Usage, running
from infra.core.errors import ConfigurationError, Problem
from infra.core.quantity import Compute
from infra.stacks.controllers_plan import balancer_usages, controller_running
from infra.stacks.edge_kubernetes_plan import operator_running
from infra.stacks.edge_plan import edge_usages
from infra.stacks.plan import Plan
from infra.stacks.profile import Profile
from infra.stacks.recovery_plan import recovery_usages
from infra.stacks.scaling_plan import scaler_running
from infra.stacks.watch_plan import watch_usages

NOTHING = "everything runs on one machine: nothing is paid for"


def estimate_cost(config: StackConfig, catalog: Catalog, profile: Profile, plan: Plan) -> Estimate:
    """The cost of everything that the plan declares; a stack on one machine costs nothing, and says so."""
    if config.environment == "local" or config.aws is None:
        return Estimate(config.environment, (), {}, (NOTHING,))
    usages = _usages(catalog, profile, plan)
    own, edge = plan.cluster is not None, plan.edge is not None
    left_out = notes(catalog.prices, region=config.aws.region, own_cluster=own, edge=edge)
    left_out = (*left_out, *plan.services.left_out())
    return estimate(config.environment, usages, plan.tenants, catalog.prices, left_out)


def check_budget(config: StackConfig, catalog: Catalog, cost: Estimate, *, file: str) -> None:
    """Hold the estimate against the budgets: warns, and in prod refuses.

    Raises:
        ConfigurationError: prod costs more than its budget, or a tenant's full quota more than the tenant's.
    """
    problems = [*budget_problems(config, catalog, cost, file=file)]
    if problems and config.environment == "prod":
        raise ConfigurationError(problems)
    for problem in problems:
        pulumi.log.warn(str(problem))


def budget_problems(config: StackConfig, catalog: Catalog, cost: Estimate, *, file: str) -> Iterator[Problem]:
    """Every budget that is exceeded, by how much and mostly because of what."""
    typical = cost.total.typical
    if config.budget is not None and typical > config.budget:
        name, largest = max(cost.by_component().items(), key=lambda item: item[1].typical)
        limit = f"less than the typical cost of a month, {usd(typical)} USD, by {usd(typical - config.budget)}; "
        limit += f"{name} is largest with {usd(largest.typical)}"
        yield Problem(file, "budget", f"{config.budget} USD", limit, "Raise it, or ask for fewer or smaller replicas")
    for tenant, most in cost.ceilings.items():
        budget = catalog.tenants[tenant].monthly_budget_usd
        if budget is not None and most > budget:
            limit = f"less than its full quota costs in {cost.environment}, {usd(most)} USD, by {usd(most - budget)}"
            field = f"tenants.{tenant}.monthlyBudgetUsd"
            fix = f"Raise it, lower quotaPercent there, or lower quota in {file}"
            yield Problem(f"{FOLDER}/tenants.yaml", field, f"{budget} USD", limit, fix)


def _usages(catalog: Catalog, profile: Profile, plan: Plan) -> Iterator[Usage]:
    for each in _running(catalog, profile, plan):
        yield from each.usages()
    if plan.network is not None:
        yield from network_layout.usages(plan.network)
    yield from plan.services.usages()
    if plan.cluster is not None:
        yield from cluster_layout.usages(plan.cluster, catalog.prices, _running(catalog, profile, plan))
    if plan.edge is not None:
        yield from edge_usages(plan.edge)
    yield from balancer_usages(plan.controllers)
    if plan.watch is not None:
        yield from watch_usages(plan.watch)
    if plan.recovery is not None:
        pods = _running(catalog, profile, plan)
        yield from recovery_usages(plan.recovery, catalog, pods, keep=profile.keep)
    if plan.credentials.secrets_manager:
        yield from kafka_cost.secret_usages(plan.credentials.users, catalog.users)
    if plan.object_store is not None:
        yield from object_store_layout.usages(plan.object_store, catalog.prices.filling)
    if plan.image_registry is not None:
        yield from image_registry_layout.usages(plan.image_registry, catalog.prices.filling)


def _running(catalog: Catalog, profile: Profile, plan: Plan) -> Iterator[Running]:
    streaming = plan.streaming
    if isinstance(streaming.kafka, StrimziArgs):
        yield from kafka_cost.running(streaming.kafka, keep=profile.keep)
        footprint = catalog.charts["strimzi"].footprint
        operator = Compute(footprint.cpu, footprint.memory) * footprint.replicas
        yield Running("strimzi-cluster-operator", operator, operator)
    yield from operator_running(catalog.charts, profile)
    yield from controller_running(plan.controllers)
    yield from scaler_running(plan.scaler)
    if plan.recovery is not None:
        yield velero_layout.running(plan.recovery.recovery.chart.footprint)
    for spec in plan.workloads:
        yield running(spec, keep=profile.keep)
