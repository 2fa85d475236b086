from decimal import Decimal
from typing import Any

import pulumi
import pytest

from infra.components.foundation.object_store_layout import ObjectStoreArgs
from infra.components.foundation.object_store_layout import usages as bucket_usages
from infra.config import StackConfig, load_stack_config
from infra.core.catalog.catalog import Catalog
from infra.core.catalog.prices import CPU, MEMORY
from infra.core.cost.estimate import Estimate
from infra.core.cost.report import usd
from infra.core.cost.usage import HOURS_A_MONTH
from infra.core.errors import ConfigurationError
from infra.core.labels import Ownership
from infra.stacks.cost import NOTHING, budget_problems, check_budget, estimate_cost
from infra.stacks.files import read_catalog, read_policies
from infra.stacks.images import own_images
from infra.stacks.plan import make_plan
from infra.stacks.platform import PROFILES
from tests.support.pulumi_mocks import EMULATOR, configuration

CATALOG = read_catalog()
FILLING = CATALOG.prices.filling
JOBS = {"database-admin", "feature-job", "model-training"}
"""What runs once, and costs nothing while nothing happens."""


def priced(stack: str, *, catalog: Catalog = CATALOG, **overrides: Any) -> tuple[StackConfig, Estimate]:
    config = load_stack_config(configuration(stack, **overrides), stack)
    profile = PROFILES[config.environment]
    plan = make_plan(
        config, catalog, profile, tag_of=lambda _: "0123456789ab", policies=read_policies(), file=f"Pulumi.{stack}.yaml"
    )
    return config, estimate_cost(config, catalog, profile, plan)


def problems(stack: str, **overrides: Any) -> list[str]:
    config, cost = priced(stack, **overrides)
    return [str(problem) for problem in budget_problems(config, CATALOG, cost, file=f"Pulumi.{stack}.yaml")]


@pytest.mark.parametrize("aws", [None, EMULATOR])
def test_local_costs_nothing_and_says_so(aws: dict[str, str] | None):
    config, cost = priced("local", aws=aws)
    assert cost.as_output() == {
        "environment": "local",
        "typical": 0.0,
        "idle": 0.0,
        "survivesDestroy": 0.0,
        "most": 0.0,
        "byComponent": {},
        "byTenant": {},
    }
    assert cost.notes == (NOTHING,)
    assert not list(budget_problems(config, CATALOG, cost, file="Pulumi.local.yaml"))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_everything_that_runs_or_is_kept_has_a_cost(stack: str):
    _, cost = priced(stack)
    feed = {"price-feed"} if stack == "dev" else set()
    assert set(cost.by_component()) == {
        *feed,
        *JOBS,
        "nats",
        "mlflow-server",
        "feature-server",
        "model-server",
        "prediction-consumer",
        "stream-analytics",
        "keda-operator",
        "keda-operator-metrics-apiserver",
        "kafka-broker",
        "kafka-controller",
        "kafka-entity-operator",
        "opa",
        "strimzi-cluster-operator",
        "velero",
        "recovery",
        "cert-manager",
        "cert-manager-cainjector",
        "cert-manager-webhook",
        "metrics-server",
        "schema-registry",
        "stream-gateway",
        "kafka-credentials",
        "object-store",
        "image-registry",
        "database",
        "cache",
        "backup",
        "istiod",
        "kong",
        "edge",
        "load-balancer",
        "aws-load-balancer-controller",
        "cluster-autoscaler",
        "watch",
        "trail",
        "network",
        "cluster",
    }
    parts = dict(cost.by_component())
    cluster = parts.pop("cluster")
    assert all(amounts.typical >= amounts.idle > 0 for name, amounts in parts.items() if name not in JOBS)
    assert all(parts[name].idle == 0 for name in JOBS)
    # Nodes stay while fewer pods use them: what these save is room that nobody asks for.
    saved = sum(amounts.typical - amounts.idle for amounts in parts.values())
    assert abs(cluster.idle - cluster.typical - saved) < Decimal("0.10")
    assert cost.total.typical > cost.total.survives > 0


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_in_a_cluster_that_exists_already_idle_pods_cost_less_and_its_price_is_only_said(stack: str):
    _, cost = priced(stack, cluster={"kind": "kubeconfig", "context": "ours"}, applications=None)
    assert not {"network", "cluster"} & set(cost.by_component())
    assert cost.total.typical > cost.total.idle > cost.total.survives > 0
    assert any("an EKS control plane is 73.00 USD, a NAT gateway 32.85 USD" in note for note in cost.notes)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_pods_and_the_room_beside_them_cost_what_the_nodes_cost(stack: str):
    config, cost = priced(stack)
    prices = CATALOG.prices
    (room,) = [line for line in cost.lines if line.usage.price == prices.node.price]
    pods = sum(line.usd.typical for line in cost.lines if line.usage.price in (CPU, MEMORY))
    nodes = int(room.usage.item.split()[2])
    expected = nodes * HOURS_A_MONTH * prices.prices[prices.node.price].usd
    assert config.eks
    assert nodes >= len(config.eks.zones)
    assert abs(room.usd.typical + pods - expected) < Decimal("0.20")


def test_what_survives_a_destruction_is_what_is_kept_and_no_secret_in_recovery():
    _, cost = priced("prod")
    survivors = {(line.usage.component, line.usage.item) for line in cost.lines if line.usd.survives}
    assert survivors == {
        ("kafka-broker", "volumes"),
        ("kafka-controller", "volumes"),
        ("object-store", "key"),
        ("network", "key"),
        ("cluster", "key"),
        ("edge", "key"),
        ("trail", "key"),
        ("object-store", "objects"),
        ("object-store", "objects, rarely used"),
        ("object-store", "objects, archived"),
        ("image-registry", "key"),
        *(("image-registry", f"images of {each.service}") for each in own_images("prod")),
        ("mlflow-server", "volumes"),
        ("nats", "volumes"),
        ("database", "last snapshot"),
        ("database", "key"),
        ("cache", "key"),
        ("backup", "key"),
        ("recovery", "key"),
        ("recovery", "snapshots"),
        ("backup", "backups of databases"),
    }


def test_a_tenant_pays_for_the_secrets_of_its_own_users():
    _, cost = priced("prod")
    tenants = cost.by_tenant()
    assert set(tenants) == {"platform", *configuration("prod")["tenants"]}
    own = [line.usd.typical for line in cost.lines if line.usage.tenant == "trading-desk"]
    assert tenants["trading-desk"].typical == sum(own) > 0


@pytest.mark.parametrize(("keep", "paid"), [(True, 1), (False, 0)])
def test_objects_are_in_the_class_of_their_age_and_a_key_waiting_for_its_deletion_is_free(keep: bool, paid: int):
    args = ObjectStoreArgs(
        bucket="a-bucket",
        account_id="123456789012",
        ownership=Ownership(environment="prod", owner="team", cost_centre="cc-1"),
        infrequent_access_days=30,
        archive_days=180,
        noncurrent_days=90,
        keep=keep,
    )
    key, *objects = bucket_usages(args, FILLING)
    daily = FILLING.lakehouse_gib_a_day["prod"]
    assert [float(usage.typical) for usage in objects] == [float(daily * days) for days in (30, 150, 185)]
    assert sum(usage.typical for usage in objects) == daily * FILLING.lakehouse_days
    assert {usage.survives for usage in (key, *objects)} == (
        {usage.typical for usage in (key, *objects)} if paid else {0}
    )


def test_a_bucket_younger_than_its_rules_has_one_class_only():
    args = ObjectStoreArgs(
        bucket="a-bucket",
        account_id="123456789012",
        ownership=Ownership(environment="dev", owner="team", cost_centre="cc-1"),
        infrequent_access_days=400,
        archive_days=500,
        noncurrent_days=1,
    )
    assert [usage.item for usage in bucket_usages(args, FILLING)] == ["key", "objects"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_committed_stacks_are_within_their_budgets(stack: str):
    assert configuration(stack)["budget"] > 0
    assert problems(stack) == []


def test_a_budget_that_is_exceeded_is_named_with_the_difference_and_the_largest_part():
    (problem,) = problems("prod", budget=500)
    _, cost = priced("prod")
    over = cost.total.typical - 500
    name, largest = max(cost.by_component().items(), key=lambda item: item[1].typical)
    assert problem == (
        f"Pulumi.prod.yaml: budget is 500 USD: less than the typical cost of a month, {usd(cost.total.typical)} USD, "
        f"by {usd(over)}; {name} is largest with {usd(largest.typical)}. "
        "Raise it, or ask for fewer or smaller replicas."
    )


def test_a_tenant_whose_full_quota_costs_more_than_its_budget_is_named():
    (first, *_) = problems("prod", quota={"cpu": "1000", "memory": "400Gi"}, budget=None)
    assert first.startswith("infra/catalog/tenants.yaml: tenants.trading-desk.monthlyBudgetUsd is 2000 USD: less than")
    assert "its full quota costs in prod" in first


def test_over_budget_production_is_refused_and_development_is_warned(monkeypatch: pytest.MonkeyPatch):
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    config, cost = priced("prod", budget=1)
    with pytest.raises(ConfigurationError, match=r"Pulumi\.prod\.yaml: budget is 1 USD"):
        check_budget(config, CATALOG, cost, file="Pulumi.prod.yaml")
    assert not warnings
    config, cost = priced("dev", budget=1)
    check_budget(config, CATALOG, cost, file="Pulumi.dev.yaml")
    (warning,) = warnings
    assert warning.startswith("Pulumi.dev.yaml: budget is 1 USD")


@pytest.mark.parametrize("budget", [0, -5, "much", 1.5])
def test_a_budget_that_is_no_amount_is_refused(budget: object):
    with pytest.raises(ConfigurationError, match=r"Pulumi\.dev\.yaml: budget is"):
        load_stack_config(configuration("dev", budget=budget), "dev")
