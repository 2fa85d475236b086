"""From configuration and catalog to the roles that workloads have on AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from infra.components.foundation.cluster_layout import ClusterArgs
from infra.components.foundation.network_layout import NetworkArgs, aws_network
from infra.components.foundation.object_store_layout import ObjectStoreArgs
from infra.components.foundation.workload_identity_layout import (
    BoundaryArgs,
    WorkloadIdentityArgs,
    tenant_identities,
    workload_identity,
)
from infra.components.streaming.access import tenant_account
from infra.config import StackConfig
from infra.core.catalog.catalog import Catalog
from infra.core.iam import AwsNetwork, AwsPlace, Grant
from infra.core.wiring import Member, OutsideEdge
from infra.core.workload.spec import WorkloadSpec


@dataclass(frozen=True)
class IdentityPlan:
    """The roles of an environment, and the boundary of all of them.

    Attributes:
        boundary: the boundary.
        roles: the roles.
        tenants: pods of tenants that have one, as members of the wiring.
    """

    boundary: BoundaryArgs
    roles: tuple[WorkloadIdentityArgs, ...]
    tenants: tuple[Member, ...] = ()

    def by_account(self) -> Mapping[tuple[str, str], tuple[Grant, ...]]:
        """What pods may do by the namespace and the ServiceAccount under which they run."""
        return {(role.namespace, account): role.grants for role in self.roles for account in role.accounts}


def identity_plan(
    config: StackConfig,
    catalog: Catalog,
    cluster: ClusterArgs | None,
    store: ObjectStoreArgs | None,
    workloads: Sequence[WorkloadSpec],
) -> IdentityPlan | None:
    """The roles; None where the cluster is not the program's, since they are bound to a cluster by its name.

    Raises:
        ConfigurationError: IAM would not take a document.
    """
    if cluster is None or store is None:
        return None
    place = AwsPlace(account_id=cluster.account_id, region=cluster.region)
    # A user is looked up once for all tenants, not once for each.
    accounts: dict[str, list[str]] = {tenant: [] for tenant in config.tenants}
    for name, user in catalog.users.items():
        if user.tenant in accounts:
            accounts[user.tenant].append(tenant_account(name))
    environment = config.environment
    return IdentityPlan(
        boundary=BoundaryArgs(place=place, environment=environment),
        roles=(
            *(workload_identity(spec, cluster.name, place, environment) for spec in workloads if spec.aws),
            *tenant_identities(accounts, store.bucket, cluster.name, place, environment),
        ),
    )


def admit_tenants(
    identities: IdentityPlan | None, members: Sequence[Member], network: NetworkArgs | None
) -> tuple[IdentityPlan | None, tuple[Member, ...]]:
    """The roles and the pods of tenants, each knowing of the other.

    Args:
        identities: the roles; nobody has one if None.
        members: pods of tenants; a workload of ours knows its own grants.
        network: from where AWS is called; None where the cluster is not the program's.

    Returns:
        The roles with the pods that have one, and all pods with their connections to AWS.
    """
    if identities is None or network is None:
        return identities, tuple(members)
    pods = tuple(_with_roles(members, identities, aws_network(network)))
    return replace(identities, tenants=tuple(pod for pod in pods if pod.aws_role)), pods


def _with_roles(members: Sequence[Member], identities: IdentityPlan, network: AwsNetwork) -> Iterator[Member]:
    by_account = identities.by_account()
    for member in members:
        grants = by_account.get((member.party.namespace, member.party.account or member.party.name), ())
        if not grants:
            yield member
            continue
        services = (OutsideEdge(client=member.party, target=target) for target in network.endpoints(grants))
        yield member.model_copy(update={"outside": (*member.outside, *services), "aws_role": True})
