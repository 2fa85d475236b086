"""Rules of the configuration that look at more than one field, or at the environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.config.application_rules import application_findings
from infra.config.service_rules import data_service_findings, edge_findings, identity_findings
from infra.config.stack import StackConfig
from infra.core.errors import Problem

PROD_BROKERS = 3
PROD_IN_SYNC = 2
PROD_ZONES = 3
PROD_REPLICAS = 2
"""With one broker, one zone or one replica fewer, an upgrade or the loss of a zone is an outage."""

EMULATED_ACCOUNT = "123456789012"
"""Account that moto serves (moto, DEFAULT_ACCOUNT_ID). The provider refuses every other, so no real one is touched."""

ARCHIVE_AFTER_DAYS = 30
"""S3 keeps an object at least 30 days in infrequent access before it moves on (S3 User Guide, lifecycle)."""


def rule_problems(config: StackConfig, file: str) -> list[Problem]:
    """Everything that is wrong with a configuration whose fields are each right."""
    problems = [*_everywhere(config), *_cloud(config), *_cluster(config)]
    problems += [*edge_findings(config), *identity_findings(config)]
    problems += [*data_service_findings(config), *application_findings(config)]
    if config.environment == "local":
        problems += _local(config)
    if config.environment == "prod":
        problems += _prod(config)
    return [Problem(file, field, str(value), limit, fix) for field, value, limit, fix in problems]


Finding = tuple[str, Any, str, str]


def _everywhere(config: StackConfig) -> Iterator[Finding]:
    streaming = config.streaming
    if streaming.replication > streaming.brokers:
        limit = f"must be at most streaming.brokers ({streaming.brokers}): each copy needs a broker of its own"
        yield "streaming.replication", streaming.replication, limit, "Lower it or add brokers"
    if streaming.min_in_sync > streaming.replication:
        limit = f"must be at most streaming.replication ({streaming.replication})"
        yield "streaming.minInSync", streaming.min_in_sync, limit, "Lower it or raise the replication"
    elif streaming.min_in_sync == streaming.replication > 1:
        limit = f"must be below streaming.replication ({streaming.replication}): no broker could be restarted"
        yield "streaming.minInSync", streaming.min_in_sync, limit, "Lower it by one"
    for field, service in (("schemaRegistry", config.schema_registry), ("streamGateway", config.stream_gateway)):
        if service.max_replicas < service.min_replicas:
            limit = f"must be at least {field}.minReplicas ({service.min_replicas})"
            yield f"{field}.maxReplicas", service.max_replicas, limit, "Raise it"
        if 1 == service.min_replicas < service.max_replicas:
            limit = f"must be at least 2 where {field}.maxReplicas is more: a service that scales outlives one replica"
            yield f"{field}.minReplicas", service.min_replicas, limit, "Set it to 2, or make both equal"
    if config.schema_registry.max_replicas > config.schema_registry.min_replicas:
        limit = "must equal schemaRegistry.minReplicas: one registry writes, so more of them on load help nobody"
        yield "schemaRegistry.maxReplicas", config.schema_registry.max_replicas, limit, "Make both equal"
    store = config.object_store
    if store.archive_days < store.infrequent_access_days + ARCHIVE_AFTER_DAYS:
        limit = f"must be {ARCHIVE_AFTER_DAYS} days or more after infrequentAccessDays ({store.infrequent_access_days})"
        yield "objectStore.archiveDays", store.archive_days, limit, "Raise it"
    for tenant in sorted({name for name in config.tenants if config.tenants.count(name) > 1}):
        yield "tenants", tenant, "must name each tenant once", "Remove the second one"


def _cloud(config: StackConfig) -> Iterator[Finding]:
    if config.environment != "local" and config.aws is None:
        limit = "required outside local: images, keys and secrets live in an AWS account"
        yield "aws", "missing", limit, "Add aws: {accountId: ..., region: ...}"


def _cluster(config: StackConfig) -> Iterator[Finding]:
    eks, zones = config.eks, config.availability.zones
    if config.cluster.kind != "eks":
        if config.environment != "local" and config.cluster.context is None:
            limit = f"required in {config.environment}, so that it is never whatever cluster happens to be current"
            yield "cluster.context", "null", limit, "Name the context of its cluster"
        return
    if config.environment == "local":
        yield "cluster.kind", "eks", "must be kubeconfig in local, which is one machine", "Set it to kubeconfig"
    if config.cluster.context is not None:
        limit = "only for cluster.kind kubeconfig: the program knows the cluster that it makes"
        yield "cluster.context", config.cluster.context, limit, "Remove it"
    if eks is None:
        limit = "required for cluster.kind eks"
        fix = "Add eks: {version: ..., administrators: [...], publicAccess: [...], network: ..., zones: [...], ...}"
        yield "eks", "missing", limit, fix
        return
    if len(eks.zones) != zones or len({*eks.zones}) != len(eks.zones):
        limit = f"must name each of the {zones} zones of availability.zones once"
        yield "eks.zones", ", ".join(eks.zones), limit, "Name as many letters, or change availability.zones"


def _local(config: StackConfig) -> Iterator[Finding]:
    if config.streaming.brokers != 1:
        limit = "must be 1: local has one broker without an operator"
        yield "streaming.brokers", config.streaming.brokers, limit, "Set it to 1"
    if config.aws is not None and config.aws.endpoint is None and config.aws.account_id != EMULATED_ACCOUNT:
        limit = f"required in local with another accountId than {EMULATED_ACCOUNT}: it never touches a real account"
        yield "aws.endpoint", "missing", limit, "Name an emulator on this machine, or remove aws"


def _prod(config: StackConfig) -> Iterator[Finding]:
    streaming = config.streaming
    least = (
        ("streaming.brokers", streaming.brokers, PROD_BROKERS),
        ("streaming.replication", streaming.replication, PROD_BROKERS),
        ("streaming.minInSync", streaming.min_in_sync, PROD_IN_SYNC),
        ("availability.zones", config.availability.zones, PROD_ZONES),
        ("schemaRegistry.minReplicas", config.schema_registry.min_replicas, PROD_REPLICAS),
        ("streamGateway.minReplicas", config.stream_gateway.min_replicas, PROD_REPLICAS),
    )
    for field, value, minimum in least:
        if value < minimum:
            yield field, value, f"must be at least {minimum} in prod", f"Set it to {minimum} or more"
