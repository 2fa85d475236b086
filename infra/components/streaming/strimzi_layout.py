"""Kafka under the Strimzi operator: sizes, custom resources and the traffic between their pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from infra.components.foundation.operators_pods import zone_spread
from infra.components.streaming import strimzi_models as cr
from infra.components.streaming.access import CLUSTER, NAMESPACE, PASSWORD_KEY, KafkaAccess, credential_secret
from infra.core.catalog.charts import Footprint
from infra.core.catalog.topics import Topic, resource_name
from infra.core.catalog.users import KafkaUser, acls
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args, ManifestPart
from infra.core.names import service_host
from infra.core.quantity import Compute, format_cpu, format_memory, gibibytes
from infra.core.quota import Share
from infra.core.wiring import Edge, Member, Offer, Party, api_server_egress, labelled_edge_policies
from infra.core.workload.pod import HOST_KEY, ZONE_KEY

Manifest = dict[str, Any]
OPERATOR_NAMESPACE = "platform-operators"
CLIENT_PORT = 9093
CONTROL_PORT = 9090
REPLICATION_PORT = 9091
AGENT_PORT = 8443
"""Ports of a broker under Strimzi (1.2.0, KafkaCluster.java: CONTROLPLANE_, REPLICATION_ and KAFKA_AGENT_PORT)."""

CONTROLLERS = 3
"""A quorum of three survives the loss of one zone."""

CONTROLLER_SIZE = Compute(250, gibibytes(1))
CONTROLLER_STORAGE = gibibytes(10)
ENTITY_OPERATOR_PART = Compute(200, 384 * 1024**2)
ENTITY_OPERATOR_PARTS = 2
MEBIBYTE = 1024**2


class StrimziArgs(Args):
    """A cluster under Strimzi; sizes in millicores and bytes."""

    version: str = Field(description="Kafka's version; the operator must know it")
    ownership: Ownership
    brokers: int = Field(ge=1)
    replication: int = Field(ge=1)
    min_in_sync: int = Field(ge=1)
    zones: int = Field(ge=1)
    cpu: int = Field(ge=1)
    memory: int = Field(ge=1)
    storage: int = Field(ge=1)
    storage_class: str | None = None


def access() -> KafkaAccess:
    """How clients reach the cluster: SCRAM over TLS, trusting the CA that the operator publishes."""
    host = service_host(f"{CLUSTER}-kafka-bootstrap", NAMESPACE)
    return KafkaAccess(
        bootstrap=f"{host}:{CLIENT_PORT}",
        protocol="SASL_SSL",
        ca_secret=f"{CLUSTER}-cluster-ca-cert",
        offer=_brokers().offer("clients", CLIENT_PORT, login="kafka"),
    )


def shares(args: StrimziArgs) -> tuple[Share, ...]:
    """What the operator's pods take of the namespace's quota; one more broker and controller while they are rolled."""

    def share(name: str, size: Compute, count: int, storage: int) -> Share:
        return Share(name, NAMESPACE, size * count, size * 2 * count, count, storage * count, count if storage else 0)

    return (
        share("kafka-broker", Compute(args.cpu, args.memory), args.brokers, args.storage),
        share("kafka-controller", CONTROLLER_SIZE, CONTROLLERS, CONTROLLER_STORAGE),
        share("kafka-entity-operator", ENTITY_OPERATOR_PART * ENTITY_OPERATOR_PARTS, 2, 0),
    )


def edges() -> tuple[Edge, ...]:
    """Traffic between the brokers, and from the operators to them, none of which passes a default-deny namespace."""
    brokers, entities, operator = _brokers(), entity_operator(), cluster_operator()

    def offers(*ports: tuple[str, int]) -> tuple[Offer, ...]:
        return tuple(brokers.offer(name, port) for name, port in ports)

    control, replication, agent = ("control", CONTROL_PORT), ("replication", REPLICATION_PORT), ("agent", AGENT_PORT)
    used = (
        (brokers, offers(control, replication)),
        (entities, offers(replication)),
        (operator, offers(control, replication, agent)),
    )
    return tuple(
        Edge(client=client, offer=offer, between_replicas=client == brokers)
        for client, offered in used
        for offer in offered
    )


def members(ownership: Ownership) -> tuple[Member, ...]:
    """The pods that the operator makes, and its own, in the graph. All of them talk to the API server."""
    parties, connections = (_brokers(), entity_operator(), cluster_operator()), edges()
    served = {offer.port: offer for offer in (access().offer, *(edge.offer for edge in connections))}
    return tuple(
        Member(
            party=party,
            component="streaming",
            ownership=ownership,
            serves=tuple(offer for _, offer in sorted(served.items()) if offer.party == party),
            edges=tuple(edge for edge in connections if edge.client == party),
            # Brokers read the zone of their node from the API server, for rack awareness.
            api_server=True,
        )
        for party in parties
    )


def cluster_operator() -> Party:
    """Pods of the operator itself (labels of its chart's Deployment)."""
    selector = {"name": "strimzi-cluster-operator", "strimzi.io/kind": "cluster-operator"}
    return Party(name="strimzi-cluster-operator", namespace=OPERATOR_NAMESPACE, selector=selector)


def entity_operator() -> Party:
    """Pods of the topic and user operators."""
    name = f"{CLUSTER}-entity-operator"
    return Party(name=name, namespace=NAMESPACE, selector={"strimzi.io/name": name})


def operator_values(footprint: Footprint, ownership: Ownership) -> dict[str, Any]:
    """Values of the operator's chart (Strimzi 1.2.0, values.yaml).

    The operator makes no network policies: they all come from the wiring. Pods that it makes are restricted.
    """
    memory = format_memory(footprint.memory)
    amount = {"cpu": format_cpu(footprint.cpu), "memory": memory}
    labels = object_labels("strimzi-cluster-operator", "streaming", ownership)
    return {
        "replicas": footprint.replicas,
        "watchNamespaces": [NAMESPACE],
        "generateNetworkPolicy": False,
        "resources": {"requests": amount, "limits": amount},
        "labels": labels,
        "deploymentLabels": labels,
        "priorityClassName": "platform-critical",
        "topologySpreadConstraints": zone_spread(cluster_operator()),
        "extraEnvs": [{"name": "STRIMZI_POD_SECURITY_PROVIDER_CLASS", "value": "restricted"}],
        "podDisruptionBudget": {
            "enabled": True,
            "minAvailable": None,
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def operator_shares(footprint: Footprint) -> tuple[Share, ...]:
    """What the operator takes of its namespace's quota."""
    return (
        Share("strimzi-cluster-operator", OPERATOR_NAMESPACE, footprint.total, footprint.total, footprint.replicas + 1),
    )


def operator_network(ownership: Ownership) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of the policies that the wiring of the operator's pods becomes."""
    for edge in edges():
        for role, manifest in labelled_edge_policies(edge, object_labels(edge.client.name, "streaming", ownership)):
            yield f"{edge.client.name}-{role}", manifest
    for party in (member.party for member in members(ownership) if member.api_server):
        manifest = api_server_egress(party)
        manifest["metadata"]["labels"] = object_labels(party.name, "streaming", ownership)
        yield f"{party.name}-egress-api-server", manifest


def cluster_manifests(args: StrimziArgs) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of the node pools and of the cluster."""
    controller = _node_pool(args, "controller", CONTROLLERS, CONTROLLER_SIZE, CONTROLLER_STORAGE)
    yield "controllers", _manifest(args.ownership, "KafkaNodePool", "controller", controller)
    broker = _node_pool(args, "broker", args.brokers, Compute(args.cpu, args.memory), args.storage)
    yield "brokers", _manifest(args.ownership, "KafkaNodePool", "broker", broker)
    yield "cluster", _manifest(args.ownership, "Kafka", CLUSTER, _kafka(args))


def topic_manifest(args: StrimziArgs, name: str, topic: Topic) -> Manifest:
    """The KafkaTopic of one topic of the catalog."""
    spec = cr.TopicSpec(
        topic_name=name,
        partitions=topic.partitions,
        replicas=topic.replication or args.replication,
        config={
            **topic.settings(),
            "min.insync.replicas": min(args.min_in_sync, topic.replication or args.replication),
        },
    )
    ownership = args.ownership.model_copy(
        update={"owner": topic.owner, "tenant": topic.tenant, "data_class": topic.data_class}
    )
    return _manifest(ownership, "KafkaTopic", resource_name(name), spec)


def user_manifest(args: StrimziArgs, name: str, user: KafkaUser) -> Manifest:
    """The KafkaUser of one user of the catalog, with a password that the program made."""
    reference = cr.SecretKeyRef(name=credential_secret(name), key=PASSWORD_KEY)
    password = cr.Password(value_from=cr.PasswordSource(secret_key_ref=reference))
    rules = tuple(
        cr.AclRule(
            resource=cr.AclResource(
                type="transactionalId" if acl.resource == "transactional_id" else acl.resource,
                name=acl.name,
                pattern_type="prefix" if acl.prefix else "literal",
            ),
            operations=acl.operations,
        )
        for acl in acls(name, user)
    )
    quotas = cr.UserQuotas(
        producer_byte_rate=user.produce_rate,
        consumer_byte_rate=user.consume_rate,
        request_percentage=user.request_percentage,
    )
    spec = cr.UserSpec(
        authentication=cr.UserAuthentication(password=password),
        authorization=cr.UserAuthorization(acls=rules),
        quotas=quotas,
    )
    ownership = args.ownership.model_copy(update={"owner": user.owner, "tenant": user.tenant})
    return _manifest(ownership, "KafkaUser", name, spec)


def _brokers() -> Party:
    # Label and ServiceAccount of all nodes (Strimzi documentation, "List of Kafka cluster resources").
    component = f"{CLUSTER}-kafka"
    return Party(name=CLUSTER, namespace=NAMESPACE, selector={"strimzi.io/name": component}, account=component)


def _manifest(ownership: Ownership, kind: str, name: str, spec: ManifestPart) -> Manifest:
    labels = {**object_labels(name, "streaming", ownership), "strimzi.io/cluster": CLUSTER}
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": cr.API_VERSION, "kind": kind, "metadata": metadata, "spec": spec.rendered()}


def _kafka(args: StrimziArgs) -> cr.KafkaSpec:
    part = cr.EntityOperatorPart(resources=_resources(ENTITY_OPERATOR_PART))
    return cr.KafkaSpec(
        kafka=cr.KafkaClusterSpec(
            version=args.version,
            listeners=(cr.Listener(name="clients", port=CLIENT_PORT),),
            rack=cr.Rack(topology_key=ZONE_KEY),
            config={
                "auto.create.topics.enable": False,
                "unclean.leader.election.enable": False,
                "default.replication.factor": args.replication,
                "min.insync.replicas": args.min_in_sync,
                "offsets.topic.replication.factor": args.replication,
                "transaction.state.log.replication.factor": args.replication,
                "transaction.state.log.min.isr": args.min_in_sync,
                "share.coordinator.state.topic.replication.factor": args.replication,
                "share.coordinator.state.topic.min.isr": args.min_in_sync,
            },
        ),
        entity_operator=cr.EntityOperatorSpec(
            topic_operator=part, user_operator=part, template=_template(args, "kafka-entity-operator", spread=False)
        ),
    )


def _node_pool(args: StrimziArgs, role: Any, count: int, size: Compute, storage: int) -> cr.NodePoolSpec:
    heap = f"{size.memory // 2 // MEBIBYTE}m"
    volume = cr.PersistentVolume(
        id=0, size=format_memory(storage), storage_class=args.storage_class, kraft_metadata="shared"
    )
    return cr.NodePoolSpec(
        replicas=count,
        roles=(role,),
        storage=cr.JbodStorage(volumes=(volume,)),
        resources=_resources(size),
        jvm_options=cr.JvmOptions(xms=heap, xmx=heap),
        template=_template(args, f"kafka-{role}", spread=True),
    )


def _resources(size: Compute) -> cr.ContainerResources:
    memory = format_memory(size.memory)
    return cr.ContainerResources(
        requests=cr.Quantities(cpu=format_cpu(size.cpu), memory=memory),
        limits=cr.Quantities(cpu=format_cpu(size.cpu * 2), memory=memory),
    )


def _template(args: StrimziArgs, name: str, *, spread: bool) -> cr.ResourceTemplate:
    labels = object_labels(name, "streaming", args.ownership)
    selector = cr.LabelSelector(match_labels={"strimzi.io/name": f"{CLUSTER}-kafka"})
    constraints = tuple(
        cr.TopologySpread(max_skew=1, topology_key=key, when_unsatisfiable=rule, label_selector=selector)
        for key, rule in (
            (ZONE_KEY, "DoNotSchedule" if args.zones > 1 else "ScheduleAnyway"),
            (HOST_KEY, "ScheduleAnyway"),
        )
    )
    pod = cr.PodTemplate(
        metadata=cr.Metadata(labels=labels),
        priority_class_name="platform-critical",
        topology_spread_constraints=constraints if spread else None,
    )
    return cr.ResourceTemplate(pod=pod)
