"""Custom resources of the Strimzi operator, as typed models that refuse unknown fields.

Fields, names and bounds are those of the CRDs of Strimzi 1.2.0 (API version v1), which stand in
infra/catalog/crds/strimzi-1.2.0; a test validates what is rendered against those very schemas. Only what the platform
sets is modelled.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from infra.core.models import ManifestPart

API_VERSION = "kafka.strimzi.io/v1"


class Quantities(ManifestPart):
    """CPU and memory as Kubernetes writes them."""

    cpu: str
    memory: str


class ContainerResources(ManifestPart):
    """Requests and limits of a container."""

    requests: Quantities
    limits: Quantities


class PersistentVolume(ManifestPart):
    """A volume of a node; it stays when the cluster is deleted."""

    id: int = Field(ge=0)
    type: Literal["persistent-claim"] = "persistent-claim"
    size: str
    storage_class: str | None = Field(default=None, alias="class")
    delete_claim: bool = False
    kraft_metadata: Literal["shared"] | None = None


class JbodStorage(ManifestPart):
    """The volumes of a node."""

    type: Literal["jbod"] = "jbod"
    volumes: tuple[PersistentVolume, ...] = Field(min_length=1)


class JvmOptions(ManifestPart):
    """Heap of the JVM."""

    xms: str = Field(alias="-Xms", pattern=r"^[0-9]+[mMgG]?$")
    xmx: str = Field(alias="-Xmx", pattern=r"^[0-9]+[mMgG]?$")


class Metadata(ManifestPart):
    """Labels of what the operator makes."""

    labels: dict[str, str]


class LabelSelector(ManifestPart):
    """Pods that a spread counts."""

    match_labels: dict[str, str]


class TopologySpread(ManifestPart):
    """How pods are spread over zones or nodes."""

    max_skew: int = Field(ge=1)
    topology_key: str
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    label_selector: LabelSelector


class PodTemplate(ManifestPart):
    """Pods that the operator makes."""

    metadata: Metadata
    priority_class_name: str
    topology_spread_constraints: tuple[TopologySpread, ...] | None = None


class ResourceTemplate(ManifestPart):
    """Template of a node pool, or of another group of pods."""

    pod: PodTemplate


class NodePoolSpec(ManifestPart):
    """KafkaNodePool.spec."""

    replicas: int = Field(ge=0)
    roles: tuple[Literal["controller", "broker"], ...] = Field(min_length=1)
    storage: JbodStorage
    resources: ContainerResources
    jvm_options: JvmOptions
    template: ResourceTemplate


class ScramAuthentication(ManifestPart):
    """Authentication of a listener by user name and password."""

    type: Literal["scram-sha-512"] = "scram-sha-512"


class Listener(ManifestPart):
    """A port that clients use; always with TLS and authentication."""

    name: str = Field(pattern=r"^[a-z0-9]{1,11}$")
    port: int = Field(ge=9092)
    type: Literal["internal"] = "internal"
    tls: Literal[True] = True
    authentication: ScramAuthentication = ScramAuthentication()


class SimpleAuthorization(ManifestPart):
    """ACLs, by Kafka's own authorizer."""

    type: Literal["simple"] = "simple"


class Rack(ManifestPart):
    """Rack awareness: copies of a partition go to different zones."""

    topology_key: str


class KafkaClusterSpec(ManifestPart):
    """Kafka.spec.kafka."""

    version: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")
    listeners: tuple[Listener, ...] = Field(min_length=1)
    authorization: SimpleAuthorization = SimpleAuthorization()
    rack: Rack
    config: dict[str, str | int | bool]


class EntityOperatorPart(ManifestPart):
    """Topic or user operator."""

    resources: ContainerResources


class EntityOperatorSpec(ManifestPart):
    """Kafka.spec.entityOperator."""

    topic_operator: EntityOperatorPart
    user_operator: EntityOperatorPart
    template: ResourceTemplate


class KafkaSpec(ManifestPart):
    """Kafka.spec."""

    kafka: KafkaClusterSpec
    entity_operator: EntityOperatorSpec


class TopicSpec(ManifestPart):
    """KafkaTopic.spec."""

    topic_name: str
    partitions: int = Field(ge=1)
    replicas: int = Field(ge=1, le=32767)
    config: dict[str, str | int]


class SecretKeyRef(ManifestPart):
    """Key of a Secret."""

    name: str
    key: str


class PasswordSource(ManifestPart):
    """Where a password comes from."""

    secret_key_ref: SecretKeyRef


class Password(ManifestPart):
    """A password that is made elsewhere."""

    value_from: PasswordSource


class UserAuthentication(ScramAuthentication):
    """A user's own password."""

    password: Password


class AclResource(ManifestPart):
    """What an ACL is about."""

    type: Literal["topic", "group", "transactionalId"]
    name: str
    pattern_type: Literal["literal", "prefix"]


class AclRule(ManifestPart):
    """One permission."""

    resource: AclResource
    operations: tuple[Literal["Read", "Write", "Describe"], ...] = Field(min_length=1)
    host: str = "*"
    type: Literal["allow"] = "allow"


class UserAuthorization(SimpleAuthorization):
    """Permissions of a user."""

    acls: tuple[AclRule, ...]


class UserQuotas(ManifestPart):
    """What a user may take of each broker; bytes per second, and per cent of one request thread's time."""

    producer_byte_rate: int = Field(ge=1)
    consumer_byte_rate: int = Field(ge=1)
    request_percentage: int = Field(ge=1)


class UserSpec(ManifestPart):
    """KafkaUser.spec."""

    authentication: UserAuthentication
    authorization: UserAuthorization
    quotas: UserQuotas
