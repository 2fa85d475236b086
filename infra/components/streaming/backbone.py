"""Kafka with its topics, users and permissions, and the schema registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pydantic import Field

from infra.components.streaming import kafka_layout, strimzi_layout
from infra.components.streaming.access import NAMESPACE, KafkaAccess, tenant_edge
from infra.components.streaming.credentials import KafkaCredentials
from infra.components.streaming.kafka_layout import KafkaArgs
from infra.components.streaming.schema_registry import SchemaRegistryArgs, registry_spec
from infra.components.streaming.strimzi_layout import StrimziArgs
from infra.core.catalog.topics import Topic
from infra.core.catalog.users import KafkaUser
from infra.core.component import PlatformComponent
from infra.core.labels import object_labels
from infra.core.models import Args
from infra.core.wiring import Party, labelled_edge_policies
from infra.core.workload.workload import Workload


class StreamingBackboneArgs(Args):
    """Everything that flows, and what it flows through."""

    kafka: KafkaArgs
    registry: SchemaRegistryArgs
    topics: dict[str, Topic] = Field(description="topics of the catalog, with dead-letter topics")
    users: dict[str, KafkaUser] = Field(description="users of the catalog")
    tenant_clients: tuple[Party, ...] = Field(description="pods of tenants that may reach Kafka")
    keep: bool = Field(description="whether brokers and topics outlive a mistake")


class StreamingBackbone(PlatformComponent):
    """Kafka in the flavour of the environment, behind one interface.

    Args:
        credentials: passwords of the users.
        definitions: custom resource definitions of the operator, where there is one.
        ready: what must exist in each namespace before anything is declared there.

    Attributes:
        bootstrap: host and port that clients connect to.
        registry_url: URL of the schema registry inside the cluster.
        ready: what must be there before a client of Kafka starts.
    """

    DOMAIN = "streaming"
    bootstrap: str
    registry_url: str
    ready: Sequence[pulumi.Resource]

    def __init__(
        self,
        name: str,
        args: StreamingBackboneArgs,
        *,
        credentials: KafkaCredentials,
        definitions: Sequence[pulumi.Resource] = (),
        ready: Mapping[str, Sequence[pulumi.Resource]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        after = ready[NAMESPACE]
        if isinstance(args.kafka, StrimziArgs):
            self.ready = self._under_operator(args.kafka, args, credentials, [*after, *definitions])
        else:
            self.ready = self._single_broker(args, credentials.secrets, after)
        access = kafka_layout.access(args.kafka)
        self._admit_tenants(args, access, ready)
        registry = Workload(
            self.child("schema-registry"),
            registry_spec(args.registry, access),
            after=after,
            ready_after=[*self.ready, *credentials.secrets.values()],
            opts=self.child_options(),
        )
        self.bootstrap = access.bootstrap
        self.registry_url = f"http://{registry.host}:{registry_spec(args.registry, access).ports[0].number}"
        self.register_outputs({"bootstrap": self.bootstrap, "registryUrl": self.registry_url})

    def _admit_tenants(
        self, args: StreamingBackboneArgs, access: KafkaAccess, ready: Mapping[str, Sequence[pulumi.Resource]]
    ) -> None:
        for client in args.tenant_clients:
            labels = object_labels(client.name, "streaming", args.kafka.ownership)
            account = {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": client.account, "namespace": client.namespace, "labels": labels},
                "automountServiceAccountToken": False,
            }
            self.declare(f"{client.name}-account", account, after=ready[client.namespace])
            for role, manifest in labelled_edge_policies(tenant_edge(client, access), labels):
                self.declare(f"{client.name}-{role}", manifest, after=ready[manifest["metadata"]["namespace"]])

    def _single_broker(
        self,
        args: StreamingBackboneArgs,
        secrets: Mapping[str, pulumi.Resource],
        after: Sequence[pulumi.Resource],
    ) -> list[pulumi.Resource]:
        broker, topics = kafka_layout.workloads(args.kafka, args.topics, args.users)
        waits = list(secrets.values())
        options = self.child_options()
        running = Workload(self.child("kafka"), broker, after=after, ready_after=waits, keep=args.keep, opts=options)
        waits.append(running.controller)
        created = Workload(self.child("topics"), topics, after=after, ready_after=waits, opts=options)
        return [created.controller]

    def _under_operator(
        self,
        kafka: StrimziArgs,
        args: StreamingBackboneArgs,
        credentials: KafkaCredentials,
        after: Sequence[pulumi.Resource],
    ) -> list[pulumi.Resource]:
        for role, manifest in strimzi_layout.operator_network(kafka.ownership):
            self.declare(role, manifest, after=after)
        pools: list[pulumi.Resource] = []
        for role, manifest in strimzi_layout.cluster_manifests(kafka):
            pools.append(self.declare(role, manifest, after=[*after, *pools], keep=args.keep))
        cluster = pools[-1]
        topics = [
            self.declare(
                f"topic-{topic}", strimzi_layout.topic_manifest(kafka, topic, entry), after=[cluster], keep=args.keep
            )
            for topic, entry in sorted(args.topics.items())
        ]
        users = [
            self.declare(
                f"user-{user}",
                strimzi_layout.user_manifest(kafka, user, entry),
                after=[cluster, credentials.secrets[user]],
            )
            for user, entry in sorted(args.users.items())
        ]
        return [cluster, *topics, *users]
