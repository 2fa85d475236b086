"""From configuration and catalog to the network and the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.components.foundation.cluster_layout import ClusterArgs
from infra.components.foundation.network_layout import NetworkArgs
from infra.components.foundation.node_layout import GpuNodes, NodeGroupSpec, node_groups
from infra.config import EksConfig, StackConfig
from infra.core.catalog.catalog import Catalog
from infra.core.errors import ConfigurationError, Problem
from infra.core.labels import Environment, Ownership, resource_tags
from infra.core.names import PROJECT, dns_label
from infra.core.quantity import Compute
from infra.core.quota import Share
from infra.stacks.profile import Profile


def cluster_name(environment: Environment) -> str:
    """Name of an environment's cluster, and of its network."""
    return dns_label(PROJECT, environment)


def network_args(config: StackConfig, profile: Profile) -> NetworkArgs | None:
    """The network; None in a cluster that exists already."""
    if config.cluster.kind != "eks" or config.eks is None or config.aws is None:
        return None
    name = cluster_name(config.environment)
    return NetworkArgs(
        name=name,
        account_id=config.aws.account_id,
        region=config.aws.region,
        zones=config.eks.zones,
        cidr=config.eks.network,
        gateways=len(config.eks.zones) if profile.gateway_in_each_zone else 1,
        endpoints=profile.private_endpoints,
        keep=profile.keep,
    )


def cluster_args(
    config: StackConfig,
    catalog: Catalog,
    profile: Profile,
    shares: Sequence[Share],
    tenants: Sequence[Share],
    *,
    ownership: Ownership,
    file: str,
) -> ClusterArgs | None:
    """The cluster; None where it exists already.

    Args:
        config: configuration of the stack.
        catalog: the catalog, whose price table names the nodes.
        profile: shape of the environment.
        shares: what the platform's workloads and operators take at maximum replicas.
        tenants: what each tenant takes of the quota.
        ownership: who answers and pays for the nodes.
        file: name of the configuration's file, for errors.

    Raises:
        ConfigurationError: a pod fits on no node.
    """
    if config.cluster.kind != "eks" or config.eks is None or config.aws is None:
        return None
    return ClusterArgs(
        name=cluster_name(config.environment),
        account_id=config.aws.account_id,
        region=config.aws.region,
        version=config.eks.version,
        administrators=config.eks.administrators,
        public_access=config.eks.public_access,
        groups=_groups(config, config.eks, catalog, shares, tenants, file),
        node_tags=resource_tags(ownership),
        keep=profile.keep,
    )


def _groups(
    config: StackConfig,
    eks: EksConfig,
    catalog: Catalog,
    shares: Sequence[Share],
    tenants: Sequence[Share],
    file: str,
) -> tuple[NodeGroupSpec, ...]:
    node, gpu = catalog.prices.node, eks.gpu
    try:
        return node_groups(
            node=Compute(node.cores * 1000, node.memory),
            instance_type=node.type,
            pods=[*_pods(shares)],
            quota=config.quota.compute,
            tenants=sum((tenant.requests for tenant in tenants), Compute()),
            zones=len(eks.zones),
            spot=eks.spot,
            gpu=GpuNodes(instance_type=gpu.instance_type, maximum=gpu.maximum) if gpu else None,
        )
    except ValueError as error:
        fix = "Ask for smaller replicas, or name a larger node in infra/catalog/prices.yaml"
        raise ConfigurationError([Problem(file, "cluster.kind", "eks", f"{node.type}: {error}", fix)]) from None


def _pods(shares: Sequence[Share]) -> Iterator[Compute]:
    for share in shares:
        each = Compute(-(-share.requests.cpu // share.pods), -(-share.requests.memory // share.pods))
        yield from [each] * share.pods
