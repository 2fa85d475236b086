"""Custom resources of the Strimzi operator, as typed models that refuse unknown fields.

Fields, names and bounds are those of the CRDs of Strimzi 1.2.0 (API version v1), which stand in
infra/catalog/crds/strimzi-1.2.0; a test validates what is rendered against those very schemas. Only what the platform
sets is modelled.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

API_VERSION = "kafka.strimzi.io/v1"


class Model(BaseModel):
    """Base: written in Python's names, rendered in the custom resource's."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    def rendered(self) -> dict[str, Any]:
        """As the API server takes it: camelCase, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Quantities(Model):
    """CPU and memory as Kubernetes writes them."""

    cpu: str
    memory: str


class ContainerResources(Model):
    """Requests and limits of a container."""

    requests: Quantities
    limits: Quantities


class PersistentVolume(Model):
    """A volume of a node; it stays when the cluster is deleted."""

    id: int = Field(ge=0)
    type: Literal["persistent-claim"] = "persistent-claim"
    size: str
    storage_class: str | None = Field(default=None, alias="class")
    delete_claim: bool = False
    kraft_metadata: Literal["shared"] | None = None


class JbodStorage(Model):
    """The volumes of a node."""

    type: Literal["jbod"] = "jbod"
    volumes: tuple[PersistentVolume, ...] = Field(min_length=1)


class JvmOptions(Model):
    """Heap of the JVM."""

    xms: str = Field(alias="-Xms", pattern=r"^[0-9]+[mMgG]?$")
    xmx: str = Field(alias="-Xmx", pattern=r"^[0-9]+[mMgG]?$")


class Metadata(Model):
    """Labels of what the operator makes."""

    labels: dict[str, str]


class LabelSelector(Model):
    """Pods that a spread counts."""

    match_labels: dict[str, str]


class TopologySpread(Model):
    """How pods are spread over zones or nodes."""

    max_skew: int = Field(ge=1)
    topology_key: str
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    label_selector: LabelSelector


class PodTemplate(Model):
    """Pods that the operator makes."""

    metadata: Metadata
    priority_class_name: str
    topology_spread_constraints: tuple[TopologySpread, ...] | None = None


class ResourceTemplate(Model):
    """Template of a node pool, or of another group of pods."""

    pod: PodTemplate


class NodePoolSpec(Model):
    """KafkaNodePool.spec."""

    replicas: int = Field(ge=0)
    roles: tuple[Literal["controller", "broker"], ...] = Field(min_length=1)
    storage: JbodStorage
    resources: ContainerResources
    jvm_options: JvmOptions
    template: ResourceTemplate


class ScramAuthentication(Model):
    """Authentication of a listener by user name and password."""

    type: Literal["scram-sha-512"] = "scram-sha-512"


class Listener(Model):
    """A port that clients use; always with TLS and authentication."""

    name: str = Field(pattern=r"^[a-z0-9]{1,11}$")
    port: int = Field(ge=9092)
    type: Literal["internal"] = "internal"
    tls: Literal[True] = True
    authentication: ScramAuthentication = ScramAuthentication()


class SimpleAuthorization(Model):
    """ACLs, by Kafka's own authorizer."""

    type: Literal["simple"] = "simple"


class Rack(Model):
    """Rack awareness: copies of a partition go to different zones."""

    topology_key: str


class KafkaClusterSpec(Model):
    """Kafka.spec.kafka."""

    version: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")
    listeners: tuple[Listener, ...] = Field(min_length=1)
    authorization: SimpleAuthorization = SimpleAuthorization()
    rack: Rack
    config: dict[str, str | int | bool]


class EntityOperatorPart(Model):
    """Topic or user operator."""

    resources: ContainerResources


class EntityOperatorSpec(Model):
    """Kafka.spec.entityOperator."""

    topic_operator: EntityOperatorPart
    user_operator: EntityOperatorPart
    template: ResourceTemplate


class KafkaSpec(Model):
    """Kafka.spec."""

    kafka: KafkaClusterSpec
    entity_operator: EntityOperatorSpec


class TopicSpec(Model):
    """KafkaTopic.spec."""

    topic_name: str
    partitions: int = Field(ge=1)
    replicas: int = Field(ge=1, le=32767)
    config: dict[str, str | int]


class SecretKeyRef(Model):
    """Key of a Secret."""

    name: str
    key: str


class PasswordSource(Model):
    """Where a password comes from."""

    secret_key_ref: SecretKeyRef


class Password(Model):
    """A password that is made elsewhere."""

    value_from: PasswordSource


class UserAuthentication(ScramAuthentication):
    """A user's own password."""

    password: Password


class AclResource(Model):
    """What an ACL is about."""

    type: Literal["topic", "group", "transactionalId"]
    name: str
    pattern_type: Literal["literal", "prefix"]


class AclRule(Model):
    """One permission."""

    resource: AclResource
    operations: tuple[Literal["Read", "Write", "Describe"], ...] = Field(min_length=1)
    host: str = "*"
    type: Literal["allow"] = "allow"


class UserAuthorization(SimpleAuthorization):
    """Permissions of a user."""

    acls: tuple[AclRule, ...]


class UserQuotas(Model):
    """What a user may take of each broker; bytes per second, and per cent of one request thread's time."""

    producer_byte_rate: int = Field(ge=1)
    consumer_byte_rate: int = Field(ge=1)
    request_percentage: int = Field(ge=1)


class UserSpec(Model):
    """KafkaUser.spec."""

    authentication: UserAuthentication
    authorization: UserAuthorization
    quotas: UserQuotas
