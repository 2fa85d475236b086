"""From configuration and catalog to the arguments of every component: pure, and checked before anything is declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.components.edge.kong_layout import Gateway
from infra.components.edge.kong_layout import gateway_spec as edge_gateway_spec
from infra.components.foundation import volume_class
from infra.components.foundation.cluster_layout import ClusterArgs
from infra.components.foundation.event_scaling import EventScalingArgs
from infra.components.foundation.image_registry_layout import ImageRegistryArgs
from infra.components.foundation.network_layout import NetworkArgs
from infra.components.foundation.object_store_layout import ObjectStoreArgs
from infra.components.foundation.tenancy import TenancyArgs
from infra.components.foundation.tenancy_layout import (
    PLATFORM_ROLES,
    NamespaceSpec,
    tenant_namespace,
    tenant_share,
    tenant_spec,
)
from infra.components.governance.decision_point import decision_point_spec
from infra.components.governance.governance import GovernanceArgs
from infra.components.streaming import kafka_layout, strimzi_layout
from infra.components.streaming.access import KafkaAccess, tenant_client, tenant_member
from infra.components.streaming.backbone import StreamingBackboneArgs
from infra.components.streaming.credentials import KafkaCredentialsArgs
from infra.components.streaming.kafka_layout import KafkaArgs
from infra.components.streaming.schema_registry import SchemaRegistryArgs, registry_spec
from infra.components.streaming.single_broker import SingleBrokerArgs
from infra.components.streaming.stream_gateway import NAME as GATEWAY
from infra.components.streaming.stream_gateway import gateway_spec
from infra.components.streaming.strimzi_layout import StrimziArgs
from infra.config import StackConfig
from infra.core.catalog.catalog import FOLDER, PLATFORM_TENANT, Catalog
from infra.core.data.classes import most_sensitive
from infra.core.errors import ConfigurationError, Problem
from infra.core.generated_secrets import GeneratedSecretsArgs
from infra.core.labels import Ownership
from infra.core.names import bucket_name
from infra.core.quota import Share
from infra.core.token_check import own_key
from infra.core.validation import closest
from infra.core.wiring import Member, Party, Wiring, wire
from infra.core.workload.service import ServiceArgs
from infra.core.workload.spec import Replicas, WorkloadSpec
from infra.core.workload_share import workload_share
from infra.stacks.applications_plan import Applications, applications
from infra.stacks.budget import largest_pod, platform_budgets, quota_problems
from infra.stacks.cluster_plan import cluster_args, network_args
from infra.stacks.controllers_plan import (
    ControllersPlan,
    balancer_args,
    controller_members,
    controller_shares,
    controllers_place,
    controllers_plan,
)
from infra.stacks.data_services_plan import DataServices, backup_class, data_services
from infra.stacks.edge_kubernetes_plan import gateway_of, operator_members, operator_shares
from infra.stacks.edge_plan import EdgePlan, edge_plan
from infra.stacks.governance_plan import governance_args
from infra.stacks.identity_plan import IdentityPlan, admit_tenants, identity_plan
from infra.stacks.logins_plan import with_groups
from infra.stacks.own_images import KAFKA_ADMIN, TagOf, own_image, own_services
from infra.stacks.profile import Profile
from infra.stacks.recovery_plan import RecoveryPlan, recovery_members, recovery_plan, recovery_shares
from infra.stacks.scaling_plan import scaler_args, scaler_members, scaler_shares, scaling_problems
from infra.stacks.token_plan import token_check
from infra.stacks.watch_plan import WatchPlan, watch_plan


@dataclass(frozen=True)
class Plan:
    """Arguments of every component of one environment, and what they were computed from.

    Attributes:
        workloads: everything that runs as a workload of ours, in the order of declaration.
        shares: what each workload and operator takes of the quota, in the same order.
        tenants: what each tenant takes of it.
    """

    workloads: tuple[WorkloadSpec, ...]
    shares: tuple[Share, ...]
    tenants: tuple[Share, ...]
    ownership: Ownership
    tenancy: TenancyArgs
    wiring: Wiring
    kafka: KafkaAccess
    credentials: KafkaCredentialsArgs
    streaming: StreamingBackboneArgs
    gateway: WorkloadSpec
    applications: Applications | None
    own_key: GeneratedSecretsArgs | None
    governance: GovernanceArgs
    object_store: ObjectStoreArgs | None
    image_registry: ImageRegistryArgs | None
    network: NetworkArgs | None
    services: DataServices
    cluster: ClusterArgs | None
    identities: IdentityPlan | None
    recovery: RecoveryPlan | None
    edge: EdgePlan | None
    edge_gateway: Gateway | None
    controllers: ControllersPlan | None
    scaler: EventScalingArgs | None
    watch: WatchPlan | None


def make_plan(
    config: StackConfig,
    catalog: Catalog,
    profile: Profile,
    *,
    tag_of: TagOf,
    policies: Mapping[str, str],
    file: str,
) -> Plan:
    """Size and name everything.

    Args:
        config: configuration of the stack.
        catalog: the catalog.
        profile: shape of the environment.
        tag_of: tag of the image of a package of ours.
        policies: Rego modules of the policy engine, by name of the file.
        file: name of the configuration's file, for errors.

    Raises:
        ConfigurationError: configuration and catalog do not fit each other, what runs does not fit the quota, or
            somebody uses what nobody serves.
    """
    problems = [*_catalog_problems(config, catalog, file)]
    if problems:
        raise ConfigurationError(problems)
    ownership = Ownership(environment=config.environment, owner=config.owner, cost_centre=config.cost_centre)
    kafka = _kafka(config, catalog, profile, ownership, tag_of)
    access = kafka_layout.access(kafka)
    registry = _registry(config, catalog, ownership)
    tokens = token_check(config)
    network, services = network_args(config, profile), data_services(config, profile, catalog.prices, file=file)
    path = applications(
        config, catalog, profile, ownership, access, tokens, services, network, tag_of=tag_of, file=file
    )
    users = {name: user for name, user in catalog.users.items() if user.tenant in {PLATFORM_TENANT, *config.tenants}}
    gateway = gateway_spec(_gateway(config, catalog, profile, ownership, tag_of), tokens, access, users)
    homes = {name: tenant_namespace(user.tenant) for name, user in users.items() if user.tenant != PLATFORM_TENANT}
    governance = governance_args(catalog, config.tenants, policies, ownership, zones=config.availability.zones)
    workloads = (
        *kafka_layout.workloads(kafka, catalog.topics, users),
        registry_spec(registry, access),
        gateway,
        *(path.workloads if path else ()),
        decision_point_spec(governance.decision_point),
    )
    edge_gateway = gateway_of(config, catalog, profile, ownership, workloads, balancer=balancer_args(config, profile))
    workloads = (*workloads, *([edge_gateway_spec(edge_gateway)] if edge_gateway else []))
    shares = [*map(workload_share, workloads), *kafka_layout.operator_shares(kafka)]
    if isinstance(kafka, StrimziArgs):
        shares += strimzi_layout.operator_shares(catalog.charts["strimzi"].footprint)
    shares += operator_shares(catalog.charts, profile)
    shares += recovery_shares(config, catalog, profile)
    shares += controller_shares(controllers_place(config, profile, ownership), catalog.charts)
    scaler = scaler_args(config, catalog, profile, ownership, workloads)
    shares += scaler_shares(scaler)
    tenants = [tenant_share(name, catalog.tenants[name], config.quota.compute) for name in config.tenants]
    problems = [
        *scaling_problems(workloads, catalog, profile, file=file),
        *quota_problems(shares, tenants, config.quota.compute, file=file),
    ]
    if problems:
        raise ConfigurationError(problems)
    namespaces = with_groups(config, _namespaces(config, catalog, ownership, shares, tenants, keep=profile.keep))
    store = _object_store(config, catalog, profile, ownership)
    cluster = cluster_args(config, catalog, profile, shares, tenants, ownership=ownership, file=file)
    edge = edge_plan(config, profile)
    clients = tuple(tenant_client(user, home) for user, home in homes.items())
    identities, pods = admit_tenants(
        identity_plan(config, catalog, cluster, store, workloads),
        [*_tenant_members(clients, access, namespaces)],
        network,
    )
    recovery = recovery_plan(
        config,
        catalog,
        profile,
        ownership,
        namespaces=namespaces,
        workloads=workloads,
        network=network,
        cluster=cluster,
    )
    controllers = controllers_plan(config, catalog, profile, ownership, network)
    members = [
        *(spec.member() for spec in workloads),
        *kafka_layout.operator_members(kafka),
        *operator_members(profile, ownership),
        *recovery_members(recovery),
        *controller_members(controllers),
        *scaler_members(scaler),
        *pods,
    ]
    return Plan(
        workloads=workloads,
        shares=tuple(shares),
        tenants=tuple(tenants),
        ownership=ownership,
        tenancy=TenancyArgs(ownership=ownership, namespaces=namespaces),
        wiring=wire(
            members,
            namespaces=[spec.name for spec in namespaces],
            users=users,
            administrators=kafka_layout.administrators(kafka),
        ),
        kafka=access,
        credentials=KafkaCredentialsArgs(
            users=kafka_layout.credential_users(kafka, users),
            homes={**homes, **(path.homes if path else {})},
            ownership=ownership,
            secrets_manager=profile.secrets_manager and config.aws is not None,
            recovery_days=profile.recovery_days,
        ),
        streaming=StreamingBackboneArgs(
            kafka=kafka,
            registry=registry,
            topics=dict(catalog.topics),
            users=users,
            tenant_clients=clients,
            keep=profile.keep,
        ),
        gateway=gateway,
        applications=path,
        own_key=own_key(ownership, workloads),
        governance=governance,
        object_store=store,
        image_registry=ImageRegistryArgs(
            account_id=config.aws.account_id, services=own_services(config), keep=profile.keep
        )
        if profile.own_registry and config.aws
        else None,
        edge_gateway=edge_gateway,
        controllers=controllers,
        scaler=scaler,
        network=network,
        services=services,
        cluster=cluster,
        identities=identities,
        recovery=recovery,
        edge=edge,
        watch=watch_plan(config, catalog, profile, network, cluster, edge, services),
    )


def _catalog_problems(config: StackConfig, catalog: Catalog, file: str) -> Iterator[Problem]:
    for tenant in config.tenants:
        if tenant not in catalog.tenants:
            hint = closest(tenant, list(catalog.tenants))
            yield Problem(file, "tenants", tenant, f"no such tenant in {FOLDER}/tenants.yaml", hint)
    for user in config.credentials:
        if user not in catalog.users:
            hint = closest(user, list(catalog.users))
            yield Problem(file, f"credentials.{user}", "[secret]", f"no such user in {FOLDER}/kafka-users.yaml", hint)
    for name, topic in catalog.topics.items():
        if topic.replication is not None and topic.replication > config.streaming.brokers:
            limit = f"must be at most the brokers of {file} (streaming.brokers is {config.streaming.brokers})"
            field = f"topics.{name}.replication"
            yield Problem(f"{FOLDER}/topics.yaml", field, str(topic.replication), limit, "Lower it or add brokers")


def _namespaces(
    config: StackConfig,
    catalog: Catalog,
    ownership: Ownership,
    shares: Sequence[Share],
    tenants: Sequence[Share],
    *,
    keep: bool,
) -> tuple[NamespaceSpec, ...]:
    platform = tuple(
        NamespaceSpec(
            name=namespace,
            ownership=ownership,
            budget=budget,
            largest=largest_pod(share for share in shares if share.namespace == namespace),
            roles=PLATFORM_ROLES,
            keep=keep,
        )
        for namespace, budget in platform_budgets(shares, tenants).items()
    )
    quota = config.quota.compute
    homes = (tenant_spec(name, catalog.tenants[name], config.environment, quota, keep=keep) for name in config.tenants)
    return (*platform, *homes)


def _tenant_members(
    clients: Sequence[Party], access: KafkaAccess, namespaces: Sequence[NamespaceSpec]
) -> Iterator[Member]:
    owners = {spec.name: spec.ownership for spec in namespaces}
    for client in clients:
        yield tenant_member(client, access, owners[client.namespace])


def _kafka(config: StackConfig, catalog: Catalog, profile: Profile, ownership: Ownership, tag_of: TagOf) -> KafkaArgs:
    streaming = config.streaming
    image = catalog.images["kafka"]
    if profile.kafka == "single-broker":
        return SingleBrokerArgs(
            image=image,
            admin_image=own_image(config, profile, catalog.images[KAFKA_ADMIN], tag_of),
            ownership=ownership,
            cpu=streaming.broker.cpu,
            memory=streaming.broker.memory,
            storage=streaming.storage,
            storage_class=streaming.storage_class,
        )
    return StrimziArgs(
        version=image.tag,
        ownership=ownership,
        brokers=streaming.brokers,
        replication=streaming.replication,
        min_in_sync=streaming.min_in_sync,
        zones=config.availability.zones,
        cpu=streaming.broker.cpu,
        memory=streaming.broker.memory,
        storage=streaming.storage,
        storage_class=streaming.storage_class or (volume_class.CLASS if config.cluster.kind == "eks" else None),
    )


def _registry(config: StackConfig, catalog: Catalog, ownership: Ownership) -> SchemaRegistryArgs:
    service = config.schema_registry
    return SchemaRegistryArgs(
        image=catalog.images["schema-registry"],
        ownership=ownership,
        replicas=service.min_replicas,
        zones=config.availability.zones,
        cpu=service.size.cpu,
        memory=service.size.memory,
        replication=config.streaming.replication,
    )


def _gateway(
    config: StackConfig, catalog: Catalog, profile: Profile, ownership: Ownership, tag_of: TagOf
) -> ServiceArgs:
    service = config.stream_gateway
    return ServiceArgs(
        image=own_image(config, profile, catalog.images[GATEWAY], tag_of),
        ownership=ownership,
        replicas=Replicas(minimum=service.min_replicas, maximum=service.max_replicas),
        zones=config.availability.zones,
        cpu=service.size.cpu,
        memory=service.size.memory,
    )


def _object_store(
    config: StackConfig, catalog: Catalog, profile: Profile, ownership: Ownership
) -> ObjectStoreArgs | None:
    if config.aws is None:
        return None
    store = config.object_store
    data_class = most_sensitive([ownership.data_class, *(dataset.level for dataset in catalog.datasets.values())])
    return ObjectStoreArgs(
        bucket=bucket_name(config.environment, "lakehouse", config.aws.account_id),
        account_id=config.aws.account_id,
        ownership=ownership.model_copy(update={"data_class": data_class}),
        infrequent_access_days=store.infrequent_access_days,
        archive_days=store.archive_days,
        noncurrent_days=store.noncurrent_days,
        backup_class=backup_class(config, "objects"),
        keep=profile.keep,
        log_bucket=bucket_name(config.environment, "lakehouse-logs", config.aws.account_id) if profile.keep else None,
    )
