"""stream-gateway, the platform's door for live data, as a workload."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from infra.components.streaming.access import NAMESPACE, KafkaAccess, kafka_settings, password_of
from infra.core.catalog.catalog import PLATFORM_TENANT
from infra.core.catalog.users import KafkaUser
from infra.core.token_check import TokenCheck
from infra.core.workload.route import Route
from infra.core.workload.service import ServiceArgs, service_spec
from infra.core.workload.spec import WorkloadSpec

NAME = "stream-gateway"
ROUTE = Route(
    path="/stream/ws",
    upstream_path="/ws/stream",
    requests_per_minute=60,
    methods=("GET",),
    websocket=True,
    timeout_seconds=60,
)
"""Each request is a connection that lasts: 60 of one token in a minute are more than a page that reconnects needs."""


def gateway_spec(
    args: ServiceArgs, tokens: TokenCheck, kafka: KafkaAccess, users: Mapping[str, KafkaUser]
) -> WorkloadSpec:
    """The workload.

    Args:
        args: image, replicas and sizes.
        tokens: how callers are known.
        kafka: where topics are read.
        users: Kafka users of the environment: what a tenant's user reads, its people may stream.
    """
    mine = users[NAME]
    environment = {
        **kafka_settings(kafka, NAME),
        **tokens.settings(),
        "TOPICS": ",".join(sorted(mine.consumes)),
        "TENANT_TOPICS": json.dumps(_tenant_topics(users, mine.consumes), sort_keys=True),
    }
    return service_spec(
        args,
        name=NAME,
        namespace=NAMESPACE,
        component="streaming",
        route=ROUTE,
        environment=environment,
        secrets={"KAFKA_SASL_PASSWORD": password_of(NAME)},
        secret_files=(*kafka.ca_files(), *tokens.secret_files()),
        config_files=tokens.config_files(),
        uses=(kafka.use(NAME),),
    )


def _tenant_topics(users: Mapping[str, KafkaUser], streamed: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for user in users.values():
        if user.tenant != PLATFORM_TENANT:
            found.setdefault(user.tenant, set()).update(set(user.consumes) & set(streamed))
    return {tenant: sorted(topics) for tenant, topics in found.items()}
