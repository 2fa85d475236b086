"""Composes the components into one platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi

from infra.components.edge.mesh import Mesh, MeshArgs
from infra.components.edge.mesh_layout import DEFINITIONS
from infra.components.foundation.admission import Admission
from infra.components.foundation.admission_layout import parse_admission
from infra.components.foundation.cluster_layout import key_alias_arn
from infra.components.foundation.operator_chart import OperatorChart, OperatorChartArgs
from infra.components.foundation.operators import PlatformOperators, PlatformOperatorsArgs
from infra.components.foundation.operators_layout import CERT_MANAGER
from infra.components.foundation.tenancy import Tenancy
from infra.components.foundation.volume_class import VolumeClass, VolumeClassArgs
from infra.components.foundation.workload_identity_layout import LAKEHOUSE_KEY
from infra.components.governance.governance import Governance
from infra.components.streaming import strimzi_layout
from infra.components.streaming.backbone import StreamingBackbone
from infra.components.streaming.credentials import KafkaCredentials
from infra.components.streaming.strimzi_layout import OPERATOR_NAMESPACE
from infra.config import StackConfig
from infra.core.catalog.catalog import Catalog
from infra.core.generated_secrets import GeneratedSecrets
from infra.core.labels import Environment
from infra.core.token_check import own_key_set
from infra.core.workload.workload import Workload
from infra.stacks import dev, local, prod
from infra.stacks.applications import declare_applications, declare_passwords
from infra.stacks.controllers_plan import binding, declare_controllers
from infra.stacks.cost import check_budget, estimate_cost
from infra.stacks.data_services import declare_data_services
from infra.stacks.data_services_plan import backup_class
from infra.stacks.edge_kubernetes_plan import declare_istio, declare_kong
from infra.stacks.files import read_admission, read_catalog, read_definitions, read_policies, service_tag
from infra.stacks.identity import declare_identities
from infra.stacks.logins_plan import declare_logins
from infra.stacks.outside import declare_outside
from infra.stacks.plan import Plan, make_plan
from infra.stacks.profile import Profile
from infra.stacks.providers import cluster_provider, make_providers
from infra.stacks.recovery_plan import declare_recovery
from infra.stacks.scaling_plan import declare_scaler

if TYPE_CHECKING:
    from infra.components.foundation.cluster import Cluster
    from infra.components.foundation.network import Network

PROFILES: Mapping[Environment, Profile] = {"local": local.PROFILE, "dev": dev.PROFILE, "prod": prod.PROFILE}


def declare_platform(config: StackConfig, *, file: str) -> dict[str, Any]:
    """Declare everything and say what a user needs to know of it.

    Args:
        config: configuration of the stack.
        file: name of the configuration's file, for errors.

    Returns:
        The stack's outputs.

    Raises:
        ConfigurationError: before anything is declared, when configuration, catalog, quota and budget do not fit.
    """
    catalog = read_catalog()
    profile = PROFILES[config.environment]
    plan = make_plan(config, catalog, profile, tag_of=service_tag, policies=read_policies(), file=file)
    cost = estimate_cost(config, catalog, profile, plan)
    check_budget(config, catalog, cost, file=file)
    admission = parse_admission(read_admission(), plan.ownership)
    options, network, cluster = _cluster(config, plan)
    Admission("admission", admission, opts=options)
    if plan.cluster is not None:
        volumes = VolumeClassArgs(
            ownership=plan.ownership,
            key=key_alias_arn(plan.cluster),
            backup_class=backup_class(config, "volumes"),
            keep=profile.keep,
        )
        VolumeClass("volumes", volumes, opts=options)
    declare_logins(config, cluster, options)
    tenancy = Tenancy("tenancy", plan.tenancy, opts=options)
    mesh = _mesh(plan, profile, tenancy, options)
    # No pod starts before its namespace refuses what nobody declared, in the network and in the mesh.
    ready = {namespace: (*first, *mesh.ready[namespace]) for namespace, first in tenancy.ready.items()}
    istio = declare_istio(config, catalog.charts, profile, plan.ownership, ready, options)
    ready = {namespace: (*first, *istio.ready) for namespace, first in ready.items()} if istio else ready
    outputs, key_arn = _aws_parts(plan, options)
    passwords = declare_passwords(plan.applications, ready=ready, options=options) if plan.applications else None
    users = plan.applications.online_users if plan.applications else {}
    online = {user: passwords.values[secret] for user, secret in users.items()} if passwords else {}
    services = declare_data_services(plan.services, network, cluster, online, options)
    outputs |= services.outputs
    arns = {**services.arns, **({LAKEHOUSE_KEY: key_arn} if key_arn is not None else {})}
    boundary_arn, roles = declare_identities(plan.identities, cluster, arns, tenancy.ready, options)
    backups = declare_recovery(
        plan.recovery,
        boundary_arn=boundary_arn,
        ready=ready,
        cluster_ready=cluster.ready if cluster else (),
        options=options,
    )
    outside, edge = declare_outside(config, plan, options, network=network, cluster=cluster, key_arn=key_arn)
    outputs |= outside
    given = {user: pulumi.Output.secret(value.get_secret_value()) for user, value in config.credentials.items()}
    credentials = KafkaCredentials(
        "kafka-credentials", plan.credentials, given=given, key_arn=key_arn, ready=tenancy.ready, opts=options
    )
    charts = _operators(config, catalog, plan, profile, ready, options)
    operators = _platform_operators(config, catalog, plan, profile, ready, options)
    controllers = declare_controllers(
        plan.controllers, boundary_arn=boundary_arn, cluster=cluster, certifier=operators, ready=ready, options=options
    )
    scaler = declare_scaler(plan.scaler, ready=ready, certifier=operators, options=options)
    declare_kong(
        plan.edge_gateway,
        ready=ready,
        certifier=operators,
        edge=edge,
        binding=binding(plan.controllers, controllers, edge.balancer if edge else None),
        options=options,
    )
    backbone = StreamingBackbone(
        "streaming",
        plan.streaming,
        credentials=credentials,
        definitions=[definition for chart in charts for definition in chart.definitions],
        ready=ready,
        opts=options,
    )
    keys = (
        GeneratedSecrets("platform-identity", plan.own_key, ready=ready, content=own_key_set, opts=options).objects
        if plan.own_key
        else ()
    )
    gateway = Workload(
        "stream-gateway",
        plan.gateway,
        after=ready[plan.gateway.namespace],
        ready_after=[*backbone.ready, *keys],
        scalers=scaler.scalers if scaler else (),
        opts=options,
    )
    if plan.applications and passwords:
        outputs["applications"] = declare_applications(
            plan.applications,
            passwords,
            chosen=services.files,
            roles=roles,
            ready=ready,
            streams=backbone.ready,
            keys=keys,
            scalers=scaler.scalers if scaler else (),
            options=options,
        )
    governance = Governance("governance", plan.governance, ready=ready, opts=options)
    return {
        "namespaces": [spec.name for spec in plan.tenancy.namespaces],
        "kafkaBootstrap": backbone.bootstrap,
        "kafkaTopics": sorted(catalog.topics),
        "kafkaPasswords": pulumi.Output.secret(dict(credentials.passwords)),
        "schemaRegistryUrl": backbone.registry_url,
        "streamGatewayUrl": f"http://{gateway.host}:{plan.gateway.ports[0].number}",
        "streamGatewayImage": plan.gateway.image.reference,
        "accessDecisionsUrl": governance.decision_url,
        "monthlyCost": cost.as_output(),
        "recordedCharts": [
            *(chart.recorded for chart in charts if chart.recorded),
            *(name for part in (operators, istio, controllers, scaler) if part for name in part.recorded),
            *backups,
        ],
        **outputs,
        **({"clusterName": cluster.name, "kubeconfig": cluster.kubeconfig} if cluster else {}),
    }


def _cluster(config: StackConfig, plan: Plan) -> tuple[pulumi.ResourceOptions, Network | None, Cluster | None]:
    # The providers of everything: a cluster that the program makes comes before what is declared in it.
    providers = make_providers(config, plan.ownership)
    cluster: Cluster | None = None
    network: Network | None = None
    if plan.network is not None and plan.cluster is not None:
        from infra.components.foundation.cluster import Cluster  # noqa: PLC0415 - as in _aws_parts
        from infra.components.foundation.network import Network  # noqa: PLC0415

        options = pulumi.ResourceOptions(providers=[*providers])
        network = Network("network", plan.network, opts=options)
        cluster = Cluster("cluster", plan.cluster, network=network, opts=options)
    return pulumi.ResourceOptions(providers=[cluster_provider(config, cluster), *providers]), network, cluster


def _mesh(plan: Plan, profile: Profile, tenancy: Tenancy, options: pulumi.ResourceOptions) -> Mesh:
    args = MeshArgs(
        ownership=plan.ownership,
        namespaces=tuple(spec.name for spec in plan.tenancy.namespaces),
        wiring=plan.wiring,
        definitions=read_definitions(DEFINITIONS),
        keep=profile.keep,
    )
    return Mesh("mesh", args, after=tenancy.ready, opts=options)


def _aws_parts(plan: Plan, options: pulumi.ResourceOptions) -> tuple[dict[str, Any], pulumi.Output[str] | None]:
    # Only a stack with an AWS account pays for the import of the AWS classes.
    outputs: dict[str, Any] = {}
    key_arn: pulumi.Output[str] | None = None
    if plan.object_store is not None:
        from infra.components.foundation.object_store import ObjectStore  # noqa: PLC0415

        store = ObjectStore("object-store", plan.object_store, opts=options)
        outputs |= {"lakehouseBucket": store.bucket, "lakehouseKeyArn": store.key_arn}
        key_arn = store.key_arn
    if plan.image_registry is not None:
        from infra.components.foundation.image_registry import ImageRegistry  # noqa: PLC0415

        outputs["imageRepositories"] = ImageRegistry("image-registry", plan.image_registry, opts=options).urls
    return outputs, key_arn


def _platform_operators(
    config: StackConfig,
    catalog: Catalog,
    plan: Plan,
    profile: Profile,
    ready: Mapping[str, Sequence[pulumi.Resource]],
    options: pulumi.ResourceOptions,
) -> PlatformOperators | None:
    if not profile.operators:
        return None
    args = PlatformOperatorsArgs(
        namespace=OPERATOR_NAMESPACE,
        ownership=plan.ownership,
        charts=catalog.charts,
        mode=config.operators.mode,
        definitions=read_definitions(catalog.charts[CERT_MANAGER].crds),
        keep=profile.keep,
    )
    return PlatformOperators("operators", args, after=ready[OPERATOR_NAMESPACE], opts=options)


def _operators(
    config: StackConfig,
    catalog: Catalog,
    plan: Plan,
    profile: Profile,
    ready: Mapping[str, Sequence[pulumi.Resource]],
    options: pulumi.ResourceOptions,
) -> Sequence[OperatorChart]:
    if profile.kafka != "strimzi":
        return ()
    chart = catalog.charts["strimzi"]
    args = OperatorChartArgs(
        release="strimzi",
        namespace=OPERATOR_NAMESPACE,
        chart=chart,
        mode=config.operators.mode,
        values=strimzi_layout.operator_values(chart.footprint, plan.ownership),
        definitions=read_definitions(chart.crds),
        keep=profile.keep,
    )
    return (OperatorChart("strimzi", args, after=ready[OPERATOR_NAMESPACE], opts=options),)
