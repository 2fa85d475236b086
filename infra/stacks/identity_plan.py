"""From configuration and catalog to the roles that workloads have on AWS."""

from __future__ import annotations

from dataclasses import dataclass

from infra.components.foundation.cluster_layout import ClusterArgs
from infra.components.foundation.object_store_layout import ObjectStoreArgs
from infra.components.foundation.workload_identity_layout import BoundaryArgs, WorkloadIdentityArgs, tenant_identities
from infra.components.streaming.access import tenant_account
from infra.config import StackConfig
from infra.core.catalog.catalog import Catalog
from infra.core.iam import AwsPlace


@dataclass(frozen=True)
class IdentityPlan:
    """The roles of an environment, and the boundary of all of them."""

    boundary: BoundaryArgs
    roles: tuple[WorkloadIdentityArgs, ...]


def identity_plan(
    config: StackConfig, catalog: Catalog, cluster: ClusterArgs | None, store: ObjectStoreArgs | None
) -> IdentityPlan | None:
    """The roles; None where the cluster is not the program's, since they are bound to a cluster by its name.

    Raises:
        ConfigurationError: IAM would not take a document.
    """
    if cluster is None or store is None:
        return None
    place = AwsPlace(account_id=cluster.account_id, region=cluster.region)
    accounts = {
        tenant: tuple(tenant_account(name) for name, user in catalog.users.items() if user.tenant == tenant)
        for tenant in config.tenants
    }
    return IdentityPlan(
        boundary=BoundaryArgs(place=place, environment=config.environment),
        roles=tuple(tenant_identities(accounts, store.bucket, cluster.name, place, config.environment)),
    )
