"""The typed schema of Pulumi.<environment>.yaml."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from infra.config.applications import ApplicationsConfig
from infra.config.data_services import BackupConfig, CacheConfig, DatabaseConfig
from infra.config.edge import EdgeConfig, WatchConfig
from infra.config.identity import IdentityConfig
from infra.core.catalog.tenants import TenantName
from infra.core.guard_regions import known_region
from infra.core.labels import LABEL_VALUE, Environment
from infra.core.models import Document
from infra.core.quantity import Bytes, Compute, Millicores

WIDEST_OFFICE = 16
"""Bits of the widest network that may reach a cluster's API from outside."""

MOST_TENANTS = 100
"""As many as `python -m bench tenants` measures. AWS holds more: an account has 1,000 roles (IAM User Guide, "IAM and
AWS STS quotas"), of which a tenant takes one."""

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


def _account(value: Any) -> Any:
    return f"{value:012d}" if isinstance(value, int) and not isinstance(value, bool) else value


def _loopback(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK_HOSTS or parts.port is None:
        raise ValueError("must be the URL of an emulator on this machine, such as http://127.0.0.1:5000")
    return url


def _network(text: str) -> str:
    try:
        network = IPv4Network(text)
    except ValueError:
        raise ValueError("must be an IPv4 network such as 10.20.0.0/16, without host bits") from None
    if not (network.is_private and 16 <= network.prefixlen <= 20):
        raise ValueError("must be a private network of 16 to 20 bits, such as 10.20.0.0/16: each pod has an address")
    return text


def _office(text: str) -> str:
    try:
        network = IPv4Network(text)
    except ValueError:
        raise ValueError("must be an IPv4 network such as 203.0.113.0/24, without host bits") from None
    if network.prefixlen < WIDEST_OFFICE:
        raise ValueError(f"must have {WIDEST_OFFICE} bits or more: it says who reaches the cluster's API from outside")
    return text


def _unquoted(password: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9._~-]+", password.get_secret_value()):
        raise ValueError("must be letters, digits and . _ ~ - only, since Kafka's tools read it from a command line")
    return password


class ClusterConfig(Document):
    """Which Kubernetes cluster the stack lives in."""

    kind: Literal["kubeconfig", "eks"] = Field(
        description="where the cluster comes from: kubeconfig is the ambient KUBECONFIG, eks is made by the program"
    )
    context: str | None = Field(
        default=None, min_length=1, max_length=253, description="context of kubeconfig; the current one if null"
    )


class GpuConfig(Document):
    """Nodes with accelerators; there are none until something asks for one."""

    instance_type: str = Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$", description="type, for example g6.xlarge")
    maximum: int = Field(ge=1, le=100, description="nodes at most")


class EksConfig(Document):
    """The cluster and its network, where the program makes them."""

    version: str = Field(pattern=r"^1\.[0-9]{2}$", description="minor version of Kubernetes, for example 1.35")
    administrators: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_+=,.@-]{1,64}$")], ...] = Field(
        min_length=1, max_length=20, description="IAM roles of the account that administer it; the deployer's is one"
    )
    public_access: tuple[Annotated[str, AfterValidator(_office)], ...] = Field(
        max_length=20, description="networks that reach its API from outside; empty if only its own network does"
    )
    network: Annotated[str, AfterValidator(_network)] = Field(description="addresses of nodes and pods")
    zones: tuple[Annotated[str, Field(pattern=r"^[a-f]$")], ...] = Field(
        min_length=2, max_length=6, description="letters of the region's zones"
    )
    spot: bool = Field(description="whether the tenants' part of the quota is on machines that AWS may take back")
    gpu: GpuConfig | None = Field(default=None, description="nodes with accelerators; none if null")


class AwsConfig(Document):
    """Which AWS account and region the stack lives in; without this section it has no AWS resources."""

    account_id: Annotated[str, BeforeValidator(_account)] = Field(pattern=r"^[0-9]{12}$", description="12 digits")
    region: Annotated[str, AfterValidator(known_region)] = Field(description="region, for example us-east-1")
    endpoint: Annotated[str, AfterValidator(_loopback)] | None = Field(
        default=None, description="URL of an emulator on this machine, instead of AWS"
    )


class OperatorsConfig(Document):
    """How operators come into the cluster."""

    mode: Literal["install", "crds-only"] = Field(
        description="install: their Helm charts; crds-only: their custom resource definitions, and the charts recorded"
    )


class AvailabilityConfig(Document):
    """Over how many failure domains the stack is spread."""

    zones: int = Field(ge=1, le=6, description="zones over which replicas are spread")


class QuotaConfig(Document):
    """What everything in the environment together may request."""

    cpu: Millicores = Field(description="CPU of the environment, for example 200")
    memory: Bytes = Field(description="memory of the environment, for example 400Gi")

    @property
    def compute(self) -> Compute:
        """As an amount to calculate with."""
        return Compute(self.cpu, self.memory)


class SizeConfig(Document):
    """What one replica asks for."""

    cpu: Millicores = Field(ge=10, le=64_000, description="CPU request")
    memory: Annotated[Bytes, Field(ge=64 * 1024**2, le=512 * 1024**3)] = Field(description="memory request and limit")


class StreamingConfig(Document):
    """Kafka."""

    brokers: int = Field(ge=1, le=99, description="brokers")
    replication: int = Field(ge=1, le=9, description="copies of each partition")
    min_in_sync: int = Field(ge=1, le=9, description="copies that must have a record before it is acknowledged")
    storage: Annotated[Bytes, Field(ge=1024**3, le=16 * 1024**4)] = Field(description="volume of each broker")
    storage_class: str | None = Field(
        default=None,
        min_length=1,
        description="if null, `encrypted` in a cluster of kind eks, else the cluster's default",
    )
    broker: SizeConfig = Field(description="size of a broker")


class ServiceConfig(Document):
    """A service of ours: its size and how many replicas it has."""

    min_replicas: int = Field(ge=1, le=100, description="replicas at least")
    max_replicas: int = Field(ge=1, le=100, description="replicas at most; more than the least means autoscaling")
    size: SizeConfig = Field(description="size of a replica")


class ObjectStoreConfig(Document):
    """Lifecycle of objects, in days. S3 keeps objects 30 days before infrequent access, and there 30 days more."""

    infrequent_access_days: int = Field(ge=30, le=3650, description="age at which objects become rarely used")
    archive_days: int = Field(ge=60, le=3650, description="age at which objects go to Glacier")
    noncurrent_days: int = Field(ge=1, le=3650, description="how long a replaced version is kept")


class StackConfig(Document):
    """Pulumi.<environment>.yaml, all of it."""

    environment: Environment = Field(description="the stack's name, unless the file says otherwise")
    owner: str = Field(pattern=LABEL_VALUE, description="team that answers for the platform")
    cost_centre: str = Field(pattern=LABEL_VALUE, description="account that pays for it")
    cluster: ClusterConfig = Field(description="the Kubernetes cluster")
    eks: EksConfig | None = Field(default=None, description="the cluster of kind eks; unused for another kind")
    aws: AwsConfig | None = Field(default=None, description="the AWS account; none without it")
    edge: EdgeConfig | None = Field(default=None, description="the edge on the internet; nobody reaches it if null")
    watch: WatchConfig | None = Field(default=None, description="who is told of failures and costs; nobody if null")
    identity: IdentityConfig | None = Field(default=None, description="who signs the tokens of callers")
    operators: OperatorsConfig = Field(description="how operators come into it")
    availability: AvailabilityConfig = Field(description="over what the stack is spread")
    quota: QuotaConfig = Field(description="what everything together may request")
    budget: int | None = Field(
        default=None, ge=1, le=10_000_000, description="US dollars a month that it may typically cost; no limit if null"
    )
    tenants: tuple[TenantName, ...] = Field(max_length=MOST_TENANTS, description="the catalog's tenants that live here")
    streaming: StreamingConfig = Field(description="Kafka")
    schema_registry: ServiceConfig = Field(description="the schema registry")
    stream_gateway: ServiceConfig = Field(description="stream-gateway")
    applications: ApplicationsConfig | None = Field(
        default=None, description="the price path with its stores; none if null"
    )
    object_store: ObjectStoreConfig = Field(description="lifecycle of the lakehouse's objects")
    database: DatabaseConfig | None = Field(
        default=None, description="PostgreSQL on RDS, for cluster.kind eks; none if null"
    )
    cache: CacheConfig | None = Field(
        default=None, description="Valkey on ElastiCache, for cluster.kind eks; none if null"
    )
    backup: BackupConfig | None = Field(default=None, description="AWS Backup; none if null")
    credentials: dict[str, Annotated[SecretStr, Field(min_length=16, max_length=128), AfterValidator(_unquoted)]] = (
        Field(
            default_factory=dict, description="passwords of Kafka users that exist elsewhere; the others are generated"
        )
    )
