"""The price path of an environment: its workloads in the order in which each needs those before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.components.features import feature_services, postgresql, redis
from infra.components.features.feature_services import feature_job_spec, feature_server_spec
from infra.components.features.postgresql import postgresql_spec
from infra.components.features.redis import redis_spec
from infra.components.serving import mlflow, model_services
from infra.components.serving.mlflow import mlflow_spec
from infra.components.serving.model_services import model_server_spec, model_training_spec, prediction_consumer_spec
from infra.components.streaming import nats, price_feed, stream_analytics
from infra.components.streaming.access import KafkaAccess
from infra.components.streaming.nats import nats_spec
from infra.components.streaming.price_feed import price_feed_spec
from infra.components.streaming.stream_analytics import stream_analytics_spec
from infra.config import StackConfig
from infra.config.applications import PodConfig, ReplicatedConfig, StoreConfig
from infra.core.catalog.catalog import PLATFORM_TENANT
from infra.core.catalog.images import Image
from infra.core.generated_secrets import GeneratedSecret, GeneratedSecretsArgs
from infra.core.labels import Ownership
from infra.core.token_check import TokenCheck
from infra.core.workload.service import ServiceArgs
from infra.core.workload.spec import Replicas, WorkloadSpec
from infra.core.workload.store import StoreArgs
from infra.stacks.own_images import TagOf, own_image
from infra.stacks.profile import Profile


@dataclass(frozen=True)
class Applications:
    """What the price path is made of.

    Attributes:
        stores: servers that keep data, which need nothing but their passwords.
        services: what uses them, each after those that it needs; a job comes before whoever reads what it writes.
        credentials: passwords of the stores' accounts.
        homes: namespace of each Kafka user that is not in Kafka's own.
    """

    stores: tuple[WorkloadSpec, ...]
    services: tuple[WorkloadSpec, ...]
    credentials: GeneratedSecretsArgs
    homes: Mapping[str, str]

    @property
    def workloads(self) -> tuple[WorkloadSpec, ...]:
        """All of them."""
        return (*self.stores, *self.services)


def applications(
    config: StackConfig,
    images: Mapping[str, Image],
    profile: Profile,
    ownership: Ownership,
    kafka: KafkaAccess,
    tokens: TokenCheck,
    tag_of: TagOf,
) -> Applications | None:
    """The price path; None where the configuration has none."""
    wanted = config.applications
    if wanted is None:
        return None

    def service(name: str, size: PodConfig) -> ServiceArgs:
        image = own_image(config, profile, images[name], tag_of)
        return _service(image, ownership, config.availability.zones, size)

    def store(image: Image, size: StoreConfig) -> StoreArgs:
        return StoreArgs(image=image, ownership=ownership, **size.model_dump())

    cache = redis_spec(store(images[redis.NAME], wanted.redis))
    database = postgresql_spec(store(images[postgresql.NAME], wanted.postgresql))
    events = nats_spec(store(images[nats.NAME], wanted.nats))
    tables = database.offer("postgresql")
    registry = mlflow_spec(store(own_image(config, profile, images[mlflow.NAME], tag_of), wanted.mlflow), tables)
    tenants = (PLATFORM_TENANT, *config.tenants)
    values, models = cache.offer("redis"), registry.offer("http")
    readers = ((model_services.training_party(), model_services.READER),)
    loading = feature_job_spec(service(feature_services.JOB, wanted.feature_job), values, tables, readers, tenants)
    features = feature_server_spec(service(feature_services.SERVER, wanted.feature_server), tokens, values)
    training = model_training_spec(service(model_services.TRAINING, wanted.model_training), models, tables)
    model = model_server_spec(service(model_services.SERVER, wanted.model_server), tokens, models)
    consumer = prediction_consumer_spec(
        service(model_services.CONSUMER, wanted.prediction_consumer),
        tokens,
        kafka,
        features.offer("http"),
        model.offer("http"),
    )
    feed = price_feed_spec(service(price_feed.NAME, wanted.price_feed), tokens, kafka, wanted.price_rate)
    windows = stream_analytics_spec(service(stream_analytics.NAME, wanted.stream_analytics), kafka)
    return Applications(
        stores=(cache, database, events),
        services=(windows, feed, registry, loading, features, training, model, consumer),
        credentials=GeneratedSecretsArgs(component="features", ownership=ownership, secrets=_passwords()),
        homes={model_services.CONSUMER: model_services.NAMESPACE},
    )


def _passwords() -> tuple[GeneratedSecret, ...]:
    homes = {mlflow.LOGIN.role: mlflow.NAMESPACE, model_services.READER.role: model_services.NAMESPACE}
    return tuple(
        GeneratedSecret(
            name=store.ACCOUNTS.secret(account),
            namespaces=(store.NAMESPACE, *([homes[account]] if account in homes else [])),
        )
        for store in (nats, redis, postgresql)
        for account in store.ACCOUNTS.names
    )


def _service(image: Image, ownership: Ownership, zones: int, size: PodConfig) -> ServiceArgs:
    least, most = 1, 1
    if isinstance(size, ReplicatedConfig):
        least, most = size.replicas, size.max_replicas or size.replicas
    return ServiceArgs(
        image=image,
        ownership=ownership,
        replicas=Replicas(minimum=least, maximum=most),
        zones=zones,
        cpu=size.cpu,
        memory=size.memory,
    )
