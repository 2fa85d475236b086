"""price-feed, through which prices come onto the platform, as a workload."""

from __future__ import annotations

from infra.components.streaming.access import NAMESPACE, KafkaAccess, kafka_settings, password_of
from infra.core.token_check import TokenCheck
from infra.core.workload.route import Route
from infra.core.workload.service import ServiceArgs, service_spec
from infra.core.workload.spec import WorkloadSpec

NAME = "price-feed"
USER = "market-feed"
ROUTE = Route(path="/stream/prices", upstream_path="/v1/prices", requests_per_minute=600, methods=("POST",))


def price_feed_spec(args: ServiceArgs, tokens: TokenCheck, kafka: KafkaAccess, rate: float) -> WorkloadSpec:
    """The workload.

    Args:
        args: image, replicas and sizes.
        tokens: how callers are known.
        kafka: where prices are written.
        rate: prices of commodities, and as many of locations, that it replays in a second; 0 for none.
    """
    return service_spec(
        args,
        name=NAME,
        namespace=NAMESPACE,
        component="streaming",
        route=ROUTE,
        environment={**kafka_settings(kafka, USER), **tokens.settings(), "RATE": f"{rate:g}", "LMP_RATE": f"{rate:g}"},
        secrets={"KAFKA_SASL_PASSWORD": password_of(USER)},
        secret_files=(*kafka.ca_files(), *tokens.secret_files()),
        config_files=tokens.config_files(),
        uses=(kafka.use(USER),),
    )
