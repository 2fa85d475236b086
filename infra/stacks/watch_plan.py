"""From configuration and plan to alarms, events and budgets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi

from infra.components.foundation import alarms_layout, watch_layout, watch_trail_layout
from infra.components.foundation.alarms_layout import AlarmSpec
from infra.components.foundation.budgets_layout import BudgetsArgs, budgets_args
from infra.components.foundation.cluster_layout import ClusterArgs
from infra.components.foundation.network_layout import NetworkArgs
from infra.components.foundation.watch_layout import AlertsArgs
from infra.components.foundation.watch_trail_layout import TrailArgs
from infra.config import StackConfig
from infra.core.catalog.catalog import Catalog
from infra.core.cost.usage import Usage
from infra.core.guard_regions import GLOBAL_REGION
from infra.core.names import PROJECT, bucket_name, dns_label
from infra.core.quantity import gibibytes
from infra.stacks.data_services_plan import DataServices
from infra.stacks.edge_plan import EdgePlan
from infra.stacks.profile import Profile


@dataclass(frozen=True)
class WatchPlan:
    """Who is told of what.

    Attributes:
        alerts: topic of the stack's region.
        elsewhere: topic of us-east-1, where CloudFront's metrics and the root's sign-ins are; None if that is the same.
        alarms: alarms of the stack's region.
        edge: alarms of us-east-1.
        budgets: budgets and anomalies.
        trail: record of the account's calls; None where the organization has one.
    """

    alerts: AlertsArgs
    elsewhere: AlertsArgs | None
    alarms: tuple[AlarmSpec, ...]
    edge: tuple[AlarmSpec, ...]
    budgets: BudgetsArgs
    trail: TrailArgs | None


def watch_plan(
    config: StackConfig,
    catalog: Catalog,
    profile: Profile,
    network: NetworkArgs | None,
    cluster: ClusterArgs | None,
    edge: EdgePlan | None,
    services: DataServices,
) -> WatchPlan | None:
    """The watch; None where nobody is to be told.

    Args:
        config: configuration of the stack.
        catalog: the catalog, which has the tenants' budgets.
        profile: shape of the environment.
        network: the network, if the program makes it.
        cluster: the cluster, if the program makes it.
        edge: the edge, if there is one.
        services: the managed databases and caches.
    """
    if config.watch is None or config.aws is None:
        return None
    name, emails = dns_label(PROJECT, config.environment), config.watch.emails
    alerts = AlertsArgs(name=name, account_id=config.aws.account_id, region=config.aws.region, emails=emails)
    tenants = {tenant: catalog.tenants[tenant].monthly_budget_usd for tenant in config.tenants}
    return WatchPlan(
        alerts=alerts,
        elsewhere=None if alerts.region == GLOBAL_REGION else alerts.model_copy(update={"region": GLOBAL_REGION}),
        alarms=(
            *(alarms_layout.cluster_alarms(cluster.name) if cluster else ()),
            *(alarms_layout.gateway_alarms(network.zones[: network.gateways]) if network else ()),
            *_data_alarms(services),
        ),
        edge=tuple(alarms_layout.edge_alarms(edge.edge.name)) if edge else (),
        budgets=budgets_args(name, config.aws.account_id, emails, config.budget, tenants),
        trail=TrailArgs(
            name=name,
            account_id=config.aws.account_id,
            region=config.aws.region,
            bucket=bucket_name(config.environment, "trail", config.aws.account_id),
            keep=profile.keep,
        )
        if config.watch.trail
        else None,
    )


def _data_alarms(services: DataServices) -> Iterator[AlarmSpec]:
    if services.database is not None:
        storage = gibibytes(services.database.storage_gib)
        yield from alarms_layout.database_alarms(services.database.name, storage=storage)
    if services.cache is not None:
        # Names that ElastiCache gives the nodes of a group (Amazon ElastiCache API, CreateReplicationGroup).
        for number in range(1, services.cache.replicas + 2):
            yield from alarms_layout.cache_alarms(f"{services.cache.name}-{number:03}")


def watch_usages(plan: WatchPlan) -> Iterator[Usage]:
    """What the watch is paid for by the month. Budgets cost nothing as long as they act on nothing."""
    yield from watch_layout.usages(plan.alerts)
    if plan.elsewhere is not None:
        yield from watch_layout.usages(plan.elsewhere)
    if plan.trail is not None:
        yield from watch_trail_layout.usages(plan.trail)
    yield from alarms_layout.usages((*plan.alarms, *plan.edge), watch_layout.NAME)


def declare_watch(
    plan: WatchPlan,
    *,
    gateways: Mapping[str, pulumi.Input[str]],
    distribution: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
    global_opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Declare the watch.

    Args:
        plan: its arguments.
        gateways: ids of the NAT gateways, by letter of their zone.
        distribution: id of the distribution, if there is an edge.
        opts: options with the providers of the stack's region.
        global_opts: options with the providers of us-east-1.

    Returns:
        ARN of the topic of the stack's region.
    """
    from infra.components.foundation.alarms import Alarms  # noqa: PLC0415 - only such a stack pays for the import
    from infra.components.foundation.budgets import Budgets  # noqa: PLC0415 - likewise
    from infra.components.foundation.watch import Alerts  # noqa: PLC0415 - likewise
    from infra.components.foundation.watch_trail import AuditTrail  # noqa: PLC0415 - likewise

    prefix = plan.alerts.name
    alerts = Alerts("alerts", plan.alerts, opts=opts)
    there = Alerts("alerts-global", plan.elsewhere, opts=global_opts) if plan.elsewhere else alerts
    subjects = {f"gateway-{letter}": gateway for letter, gateway in gateways.items()}
    Alarms("alarms", prefix=prefix, specs=plan.alarms, topic_arn=alerts.topic_arn, subjects=subjects, opts=opts)
    if distribution is not None:
        Alarms(
            "alarms-edge",
            prefix=prefix,
            specs=plan.edge,
            topic_arn=there.topic_arn,
            subjects={"distribution": distribution},
            opts=global_opts,
        )
    Budgets("budgets", plan.budgets, opts=opts)
    if plan.trail is not None:
        AuditTrail("trail", plan.trail, opts=opts)
    return alerts.topic_arn
