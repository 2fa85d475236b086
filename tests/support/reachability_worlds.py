"""A rendered environment as a world of pods: its own, strangers, pods that pretend to be others, and hosts outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any
from unittest import mock

from infra.components.edge import istio_layout, kong_layout
from infra.components.foundation import (
    controllers_layout,
    event_scaling_layout,
    operators_layout,
    operators_pods,
    velero_layout,
)
from infra.components.streaming.access import KAFKA_USER_LABEL
from infra.core.catalog.catalog import Catalog
from infra.core.catalog.tenants import Tenant
from infra.core.catalog.users import KafkaUser
from infra.core.wiring import ManagedService, Party, Wiring
from infra.stacks import platform
from tests.support.pulumi_mocks import Rendered, run_program
from tests.support.reachability import Connection, Peer, Port
from tests.support.renders import render

ELSEWHERE = "elsewhere"
ENDPOINT = "endpoint of AWS"
SERVICE = "something in a subnet of nodes and managed services"
DNS = "kube-dns"
PROBE_ADDRESS = "169.254.7.127"
TUNNEL = Port(15008)
UNUSED = (Port(22), Port(53), Port(53, "UDP"), Port(80), Port(443), Port(6443), Port(9092, "UDP"), Port(15001))
"""Ports that somebody might try, beside those that are served."""

OPERATORS = "platform-operators"
CALLED = {
    f"{OPERATORS}/cert-manager-webhook": Port(operators_layout.WEBHOOK_PORT),
    f"{OPERATORS}/metrics-server": Port(operators_layout.METRICS_PORT),
    f"{OPERATORS}/istiod": Port(istio_layout.WEBHOOK_PORT),
    f"{OPERATORS}/{controllers_layout.TARGETS}": Port(controllers_layout.WEBHOOK_PORT),
    f"{OPERATORS}/{event_scaling_layout.METRICS}": Port(event_scaling_layout.SERVING_PORT),
}
"""What the API server calls. It is no pod and has a private address, so that whoever has one gets in; what is ours does
not get out."""

BALANCED, BALANCED_PORTS = (
    f"{kong_layout.NAMESPACE}/kong",
    (Port(kong_layout.PROXY_PORT), Port(kong_layout.STATUS_PORT)),
)
"""What the load balancer calls, from addresses of its subnets."""

READS_NODES = f"{OPERATORS}/metrics-server"
KUBELET = Port(operators_pods.KUBELET_PORT)

AGENT, AGENTS_SERVER, IDENTITIES = "ztunnel", f"{OPERATORS}/istiod", Port(istio_layout.IDENTITY_PORT)
"""The mesh's agent of each node, a pod of the cluster's own namespace, gets its identities there."""

IDENTITY_AGENT = Peer("identity agent", "169.254.170.23")
METADATA = Peer("metadata of the node", "169.254.169.254")
OUTSIDE = (
    Peer("internet", "93.184.215.14"),
    Peer("neighbour", "10.99.0.1"),
    Peer("probes", PROBE_ADDRESS),
    IDENTITY_AGENT,
    METADATA,
)


@dataclass(frozen=True)
class World:
    """One environment.

    Attributes:
        policies: the NetworkPolicies that it renders.
        authorizations: the AuthorizationPolicies that it renders.
        peers: two of each pod that it makes, strangers and hosts outside.
        ports: ports to try.
        wiring: what is declared.
        namespaces: names of its namespaces.
        balancer: networks that the load balancer is in: any private one, where the program does not make it.
    """

    policies: list[Mapping[str, Any]]
    authorizations: list[Mapping[str, Any]]
    peers: list[Peer]
    ports: list[Port]
    wiring: Wiring
    namespaces: set[str]
    balancer: tuple[IPv4Network, ...]

    def declared(self) -> set[tuple[str, str, Port]]:
        """Client, server and port of each declared edge."""
        return {
            (str(edge.client), str(edge.offer.party), Port(edge.offer.port, edge.offer.protocol))
            for edge in self.wiring.edges
        }

    def expected(self) -> set[Connection]:
        """What the network must allow, from the declaration alone."""
        declared = self.declared()
        open_ = declared | {(client, server, TUNNEL) for client, server, port in declared if port.protocol == "TCP"}
        api_clients = {
            str(member.party): [*map(IPv4Network, member.api_networks)]
            for member in self.wiring.members
            if member.api_server
        }
        to_aws, managed = self._to_aws(), self._managed()
        return {
            (a, b, port)
            for a, source in enumerate(self.peers)
            for b, target in enumerate(self.peers)
            for port in self.ports
            if self._expected(source, target, port, open_, api_clients)
            or (source.party, target.name, port) in to_aws
            or any(IPv4Address(target.address) in network for network in managed.get((source.party, port), ()))
        }

    def _to_aws(self) -> set[tuple[str, str, Port]]:
        """Who has a role on AWS gets its credentials, and reaches the services that it is about wherever they are."""
        found: set[tuple[str, str, Port]] = set()
        for member in self.wiring.members:
            if member.aws_role:
                found.add((str(member.party), IDENTITY_AGENT.name, Port(80)))
            for edge in member.outside:
                if not isinstance(edge.target, ManagedService):
                    place = ENDPOINT if getattr(edge.target, "blocks", ()) else "internet"
                    found.add((str(member.party), place, Port(edge.target.port)))
        return found

    def _managed(self) -> dict[tuple[str, Port], list[IPv4Network]]:
        """Networks that a client of a managed service may reach on its port: AWS chooses the address in them."""
        found: dict[tuple[str, Port], list[IPv4Network]] = {}
        for edge in self.wiring.outside:
            if isinstance(edge.target, ManagedService):
                found[str(edge.client), Port(edge.target.port)] = [*map(IPv4Network, edge.target.blocks)]
        return found

    def _expected(
        self,
        source: Peer,
        target: Peer,
        port: Port,
        open_: set[tuple[str, str, Port]],
        api_clients: Mapping[str, Sequence[IPv4Network]],
    ) -> bool:
        if target.namespace in self.namespaces:
            if source.namespace in self.namespaces:
                return bool(source.party) and (source.party, target.party, port) in open_
            private = source.address.startswith("10.")
            asks = source.name == AGENT and (target.party, port) == (AGENTS_SERVER, IDENTITIES)
            balances = target.party == BALANCED and port in BALANCED_PORTS and self._balances(source)
            called = private and CALLED.get(target.party) == port
            return asks or source.address == PROBE_ADDRESS or called or balances
        if source.namespace not in self.namespaces:
            return True  # neither is ours: what they do among themselves is not for us to refuse
        if target.name == DNS and port.number == 53:
            return True
        if source.party == READS_NODES and port == KUBELET:
            return target.address.startswith("10.")
        networks = api_clients.get(source.party)
        there = networks == [] or any(IPv4Address(target.address) in network for network in networks or ())
        return there and port in (Port(443), Port(6443))

    def _balances(self, source: Peer) -> bool:
        return any(IPv4Address(source.address) in network for network in self.balancer)

    def named(self, connections: set[Connection]) -> list[str]:
        """Connections as a person reads them."""
        return sorted(f"{self.peers[a].name} -> {self.peers[b].name} {port}" for a, b, port in connections)


def world(stack: str, values: Mapping[str, Any], tenants: int | None = None) -> World:
    """Render a stack and populate it; with ``tenants``, with that many generated ones instead of the catalog's."""
    plans: list[Any] = []
    make_plan = platform.make_plan

    def keep_plan(*args: Any, **kwargs: Any) -> Any:
        plans.append(make_plan(*args, **kwargs))
        return plans[-1]

    # What a generated environment costs is for other tests.
    changes = {**values, "budget": None}
    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(platform, "make_plan", keep_plan))
        if tenants is not None:
            catalog = with_tenants(platform.read_catalog(), tenants)
            changes["tenants"] = list(catalog.tenants)
            patches.enter_context(mock.patch.object(platform, "read_catalog", return_value=catalog))
        rendered = run_program(stack, **changes)
    return populate(rendered, plans[0].wiring)


def committed_world(stack: str, **overrides: Any) -> World:
    """A stack as it is configured, and populated."""
    found = render(stack, **overrides)
    return populate(found.rendered, found.plan.wiring)


def with_tenants(catalog: Catalog, count: int) -> Catalog:
    """The catalog with ``count`` tenants of two Kafka users each, and no others."""
    tenant = {"owner": "a-team", "costCentre": "cc", "quotaPercent": 1, "clearance": ["public"]}
    users = {name: user for name, user in catalog.users.items() if user.tenant == "platform"}
    for index in range(count):
        for role in ("reader", "writer"):
            facts = {"owner": "a-team", "tenant": f"tenant{index}", "consumes": ["WEATHER_RT"], "deadLetter": False}
            users[f"t{index}-{role}"] = KafkaUser.model_validate(facts)
    tenants = {f"tenant{index}": Tenant.model_validate(tenant) for index in range(count)}
    topics = {name: topic for name, topic in catalog.topics.items() if topic.tenant == "platform"}
    return replace(catalog, tenants=tenants, users=users, topics=topics)


def populate(rendered: Rendered, wiring: Wiring) -> World:
    """The world of one rendered environment."""
    # A chart is no object: the operator that it installs is put in by hand below.
    objects = [whole_numbers(resource.inputs) for resource in rendered.kubernetes() if "kind" in resource.inputs]
    labels = {
        item["metadata"]["name"]: {
            **item["metadata"]["labels"],
            "kubernetes.io/metadata.name": item["metadata"]["name"],  # the API server adds it
        }
        for item in objects
        if item["kind"] == "Namespace"
    }
    real = [pod for item in objects for pod in _pods(item)]
    real += [pod for item in objects for pod in _tenant_pods(item)]
    if any(item["kind"] == "Kafka" for item in objects):
        real.append(_cluster_operator())
    if any(item["kind"] == "Issuer" for item in objects):
        real += [_operator(pod.party) for pod in (*operators_layout.pods(OPERATORS), *istio_layout.pods(OPERATORS))]
    installed = {member.party.key: member.party for member in wiring.members}
    controllers = ((OPERATORS, name) for name in (controllers_layout.NODES, controllers_layout.TARGETS))
    real += [_operator(installed[key]) for key in controllers if key in installed]
    if any(item["kind"] == "ScaledObject" for item in objects):
        real += [_operator(pod.party) for pod in event_scaling_layout.pods(OPERATORS)]
    if any(item["kind"] == "BackupStorageLocation" for item in objects):
        real.append(_operator(velero_layout.party()))
    strangers = [Peer(f"stranger in {namespace}", "", namespace) for namespace in (*labels, ELSEWHERE)]
    impostors = [
        replace(pod, name=f"impostor of {pod.name}", namespace=place, party="")
        for pod in real
        for place in (ELSEWHERE, *sorted(name for name in labels if name.startswith("tenant-"))[:1])
        if place != pod.namespace
    ]
    dns = Peer(DNS, "", "kube-system", {"k8s-app": "kube-dns"})
    agent = Peer(AGENT, "", "kube-system", {"app": "ztunnel"})
    pods = [*real, *(replace(pod, name=f"{pod.name} again") for pod in real), *impostors, *strangers, dns, agent]
    peers = [
        replace(
            pod,
            address=f"10.{index // 250}.1.{index % 250 + 1}",
            namespace_labels=labels.get(pod.namespace, {"kubernetes.io/metadata.name": pod.namespace}),
        )
        for index, pod in enumerate(pods)
    ]
    blocks = {
        (SERVICE if isinstance(edge.target, ManagedService) else ENDPOINT, block)
        for edge in wiring.outside
        for block in getattr(edge.target, "blocks", ())
    }
    endpoints = [Peer(name, str(IPv4Network(block)[9])) for name, block in sorted(blocks)]
    made = any(item["kind"] == "TargetGroupBinding" for item in objects)
    subnets = [found.inputs for found in rendered.of_type("ec2/subnet:Subnet")]
    blocks_of_it = [subnet["cidrBlock"] for subnet in subnets if "-private-" in subnet["tags"]["Name"]]
    balancer = tuple(map(IPv4Network, blocks_of_it if made else operators_pods.NODE_RANGES))
    served = {Port(offer.port, offer.protocol) for member in wiring.members for offer in member.serves}
    return World(
        policies=[item for item in objects if item["kind"] == "NetworkPolicy"],
        authorizations=[item for item in objects if item["kind"] == "AuthorizationPolicy"],
        peers=[*peers, *OUTSIDE, *endpoints, *(Peer("load balancer", str(network[10])) for network in balancer[:1])],
        ports=sorted({*served, *UNUSED, *CALLED.values(), *BALANCED_PORTS, KUBELET, IDENTITIES, TUNNEL}),
        wiring=wiring,
        namespaces=set(labels),
        balancer=balancer,
    )


def whole_numbers(value: Any) -> Any:
    """Numbers as they are in a manifest: on their way through Pulumi all of them become floating."""
    if isinstance(value, Mapping):
        return {key: whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _pods(item: Mapping[str, Any]) -> Iterator[Peer]:
    """Pods of one object: of a workload of ours, or of what Strimzi makes of its resources (its documentation)."""
    kind, metadata = item["kind"], item["metadata"]
    name, namespace = metadata["name"], metadata.get("namespace", "")
    if kind in ("Deployment", "StatefulSet", "Job"):
        template = item["spec"]["template"]
        labels, account = template["metadata"]["labels"], template["spec"]["serviceAccountName"]
        yield Peer(name, "", namespace, labels, account=account, party=f"{namespace}/{name}")
    if kind == "KafkaNodePool":
        cluster = metadata["labels"]["strimzi.io/cluster"]
        component = f"{cluster}-kafka"
        labels = {
            **item["spec"]["template"]["pod"]["metadata"]["labels"],
            "strimzi.io/cluster": cluster,
            "strimzi.io/kind": "Kafka",
            "strimzi.io/name": component,
            "strimzi.io/pool-name": name,
        }
        yield Peer(f"{cluster}-{name}", "", namespace, labels, account=component, party=f"{namespace}/{cluster}")
    if kind == "Kafka":
        operator = f"{name}-entity-operator"
        labels = {
            **item["spec"]["entityOperator"]["template"]["pod"]["metadata"]["labels"],
            "strimzi.io/cluster": name,
            "strimzi.io/kind": "Kafka",
            "strimzi.io/name": operator,
        }
        yield Peer(operator, "", namespace, labels, account=operator, party=f"{namespace}/{operator}")


def _tenant_pods(item: Mapping[str, Any]) -> Iterator[Peer]:
    """A pod as a tenant writes it to use Kafka, for each account that it was given for that."""
    namespace, account = item["metadata"].get("namespace", ""), item["metadata"]["name"]
    if item["kind"] == "ServiceAccount" and namespace.startswith("tenant-"):
        user = account.removeprefix("kafka-")
        labels = {KAFKA_USER_LABEL: user, "app.kubernetes.io/name": "notebook"}
        yield Peer(f"{user} of {namespace}", "", namespace, labels, account=account, party=f"{namespace}/{user}")


def _cluster_operator() -> Peer:
    """The operator's own pod (Strimzi's chart, 060-Deployment-strimzi-cluster-operator.yaml)."""
    name, namespace = "strimzi-cluster-operator", OPERATORS
    labels = {"name": name, "strimzi.io/kind": "cluster-operator"}
    return Peer(name, "", namespace, labels, account=name, party=f"{namespace}/{name}")


def _operator(party: Party) -> Peer:
    """A pod of an operator's chart, by the labels of the chart's templates."""
    return Peer(
        party.name, "", party.namespace, dict(party.selector), account=party.account or party.name, party=str(party)
    )
