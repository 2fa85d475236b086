"""Declares databases, caches and backups that AWS runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.stacks.data_services_plan import DataServices

if TYPE_CHECKING:
    import pulumi

    from infra.components.foundation.cluster import Cluster
    from infra.components.foundation.network import Network


def declare_data_services(
    plan: DataServices, network: Network | None, cluster: Cluster | None, options: pulumi.ResourceOptions
) -> dict[str, Any]:
    """Declare what the plan has.

    Args:
        plan: the services.
        network: network that they are in; without one there is neither database nor cache.
        cluster: the cluster whose nodes and pods reach them.
        options: options of the components.

    Returns:
        The stack's outputs: names to connect to, and the secrets in which passwords are, by ARN.
    """
    outputs: dict[str, Any] = {}
    # Only a stack that has them pays for the import of their classes.
    if plan.database is not None and network is not None and cluster is not None:
        from infra.components.foundation.database import Database  # noqa: PLC0415

        clients = cluster.security_group
        database = Database("database", plan.database, network=network, clients=clients, opts=options)
        outputs |= {"databaseHost": database.host, "databaseSecretArn": database.secret_arn}
    if plan.cache is not None and network is not None and cluster is not None:
        from infra.components.foundation.cache import Cache  # noqa: PLC0415

        cache = Cache("cache", plan.cache, network=network, clients=cluster.security_group, opts=options)
        outputs |= {"cacheHost": cache.host, "cacheSecretArn": cache.secret_arn}
    if plan.backup is not None:
        from infra.components.foundation.backup import Backup  # noqa: PLC0415

        outputs["backupVault"] = Backup("backup", plan.backup, opts=options).vault
    return outputs
