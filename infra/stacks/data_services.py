"""Declares databases, caches and backups that AWS runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.components.features.database_admin import ADMINISTRATOR, SECRET_ARN
from infra.components.features.store_access import HOST
from infra.components.foundation import cache_layout, database_layout
from infra.components.foundation.workload_identity_layout import DATABASE_KEY, DATABASE_SECRET
from infra.stacks.data_services_plan import DataServices

if TYPE_CHECKING:
    import pulumi

    from infra.components.foundation.cluster import Cluster
    from infra.components.foundation.network import Network


@dataclass(frozen=True)
class DeclaredServices:
    """What AWS chose when it made the services.

    Attributes:
        outputs: the stack's outputs: names to connect to, and the administrator's secret, by ARN.
        files: what clients are told, by service and file.
        arns: keys and secrets that grants refer to, by name.
    """

    outputs: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Mapping[str, pulumi.Output[str]]] = field(default_factory=dict)
    arns: dict[str, pulumi.Output[str]] = field(default_factory=dict)


def declare_data_services(
    plan: DataServices,
    network: Network | None,
    cluster: Cluster | None,
    passwords: Mapping[str, pulumi.Output[str]],
    options: pulumi.ResourceOptions,
) -> DeclaredServices:
    """Declare what the plan has.

    Args:
        plan: the services.
        network: network that they are in; without one there is neither database nor cache.
        cluster: the cluster whose nodes and pods reach them.
        passwords: password of each user of the cache.
        options: options of the components.
    """
    found = DeclaredServices()
    # Only a stack that has them pays for the import of their classes.
    if plan.database is not None and network is not None and cluster is not None:
        from infra.components.foundation.database import Database  # noqa: PLC0415

        clients = cluster.security_group
        database = Database("database", plan.database, network=network, clients=clients, opts=options)
        found.outputs.update(databaseHost=database.host, databaseSecretArn=database.secret_arn)
        found.files[database_layout.NAME] = {HOST: database.host}
        found.files[ADMINISTRATOR.config_map] = {SECRET_ARN: database.secret_arn}
        found.arns.update({DATABASE_KEY: database.key_arn, DATABASE_SECRET: database.secret_arn})
    if plan.cache is not None and network is not None and cluster is not None:
        from infra.components.foundation.cache import Cache  # noqa: PLC0415

        clients = cluster.security_group
        cache = Cache("cache", plan.cache, network=network, clients=clients, passwords=passwords, opts=options)
        found.outputs.update(cacheHost=cache.host)
        found.files[cache_layout.NAME] = {HOST: cache.host}
    if plan.backup is not None:
        from infra.components.foundation.backup import Backup  # noqa: PLC0415

        found.outputs.update(backupVault=Backup("backup", plan.backup, opts=options).vault)
    return found
