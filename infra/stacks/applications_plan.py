"""The price path of an environment: its workloads in the order in which each needs those before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.components.features import database_admin, feature_services, postgresql, redis
from infra.components.features.feature_services import feature_job_spec, feature_server_spec
from infra.components.features.store_access import ServiceFilesArgs
from infra.components.foundation import volume_class
from infra.components.foundation.network_layout import NetworkArgs
from infra.components.serving import mlflow, model_services
from infra.components.serving.mlflow import mlflow_spec
from infra.components.serving.model_services import model_server_spec, model_training_spec, prediction_consumer_spec
from infra.components.streaming import nats, price_feed, stream_analytics
from infra.components.streaming.access import NAMESPACE as KAFKA_NAMESPACE
from infra.components.streaming.access import KafkaAccess
from infra.components.streaming.nats import nats_spec
from infra.components.streaming.price_feed import price_feed_spec
from infra.components.streaming.stream_analytics import stream_analytics_spec
from infra.config import StackConfig
from infra.config.applications import PodConfig, ReplicatedConfig, StoreConfig
from infra.core.catalog.catalog import PLATFORM_TENANT, Catalog
from infra.core.catalog.images import Image
from infra.core.generated_secrets import GeneratedSecret, GeneratedSecretsArgs
from infra.core.labels import Ownership
from infra.core.token_check import TokenCheck, with_callers
from infra.core.workload.service import ServiceArgs
from infra.core.workload.spec import Replicas, WorkloadSpec
from infra.core.workload.store import Accounts, StoreArgs
from infra.stacks.application_stores import FeatureStores, feature_stores
from infra.stacks.data_services_plan import DataServices
from infra.stacks.own_images import TagOf, own_image
from infra.stacks.profile import Profile


@dataclass(frozen=True)
class Applications:
    """What the price path is made of.

    Attributes:
        stores: servers that keep data, which need nothing but their passwords.
        services: what uses them, each after those that it needs; a job comes before whoever reads what it writes.
        credentials: passwords of the stores' accounts.
        files: where the stores are that AWS runs.
        online_users: Secret with the password of each user of the online store.
        homes: namespace of each Kafka user that is not in Kafka's own.
    """

    stores: tuple[WorkloadSpec, ...]
    services: tuple[WorkloadSpec, ...]
    credentials: GeneratedSecretsArgs
    files: ServiceFilesArgs
    online_users: Mapping[str, str]
    homes: Mapping[str, str]

    @property
    def workloads(self) -> tuple[WorkloadSpec, ...]:
        """All of them."""
        return (*self.stores, *self.services)


def applications(
    config: StackConfig,
    catalog: Catalog,
    profile: Profile,
    ownership: Ownership,
    kafka: KafkaAccess,
    tokens: TokenCheck,
    services: DataServices,
    network: NetworkArgs | None,
    *,
    tag_of: TagOf,
    file: str,
) -> Applications | None:
    """The price path; None where the configuration has none.

    Raises:
        ConfigurationError: nobody knows who signs RDS's certificates in the region.
    """
    wanted, images = config.applications, catalog.images
    if wanted is None:
        return None

    def own(name: str) -> Image:
        return own_image(config, profile, images[name], tag_of)

    def service(name: str, size: PodConfig) -> ServiceArgs:
        return _service(own(name), ownership, config.availability.zones, size)

    def store(image: Image, size: StoreConfig) -> StoreArgs:
        sizes = size.model_dump()
        sizes["storage_class"] = size.storage_class or (volume_class.CLASS if config.cluster.kind == "eks" else None)
        return StoreArgs(image=image, ownership=ownership, **sizes)

    stores = feature_stores(
        config, catalog, ownership, services, network, store=store, admin=own(database_admin.NAME), file=file
    )
    values, tables = stores.values, stores.tables
    events = nats_spec(store(images[nats.NAME], wanted.nats))
    registry = mlflow_spec(store(own(mlflow.NAME), wanted.mlflow), tables)
    tenants = (PLATFORM_TENANT, *config.tenants)
    models = registry.offer("http")
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
    windows = stream_analytics_spec(service(stream_analytics.NAME, wanted.stream_analytics), kafka)
    feeds: tuple[WorkloadSpec, ...] = ()
    if wanted.price_feed is not None and wanted.price_rate is not None:
        size = service(price_feed.NAME, wanted.price_feed)
        feeds = (price_feed_spec(size, tokens, kafka, wanted.price_rate),)
    made = with_callers(
        [windows, *feeds, *stores.jobs, registry, loading, features, training, model, consumer],
        # Pods find the API server of EKS at interfaces that it has in the subnets of the cluster.
        [network.cidr] if network is not None and config.cluster.kind == "eks" else [],
    )
    return Applications(
        stores=(*stores.servers, events),
        services=made,
        credentials=GeneratedSecretsArgs(component="features", ownership=ownership, secrets=_passwords(stores)),
        files=stores.files(ownership, made),
        online_users={user: redis.ACCOUNTS.secret(user) for user in redis.ACCOUNTS.names},
        homes={model_services.CONSUMER: consumer.namespace} if consumer.namespace != KAFKA_NAMESPACE else {},
    )


def _passwords(stores: FeatureStores) -> tuple[GeneratedSecret, ...]:
    """The password of each account, where its client reads it and its server, or whoever makes the account there."""
    homes = {
        **dict.fromkeys(redis.USERS, feature_services.NAMESPACE),
        mlflow.LOGIN.role: mlflow.NAMESPACE,
        model_services.READER.role: model_services.NAMESPACE,
    }
    made: tuple[tuple[Accounts, str, tuple[str, ...]], ...] = (
        (nats.ACCOUNTS, nats.NAMESPACE, nats.ACCOUNTS.names),
        (redis.ACCOUNTS, redis.NAMESPACE, redis.ACCOUNTS.names),
        (postgresql.ACCOUNTS, postgresql.NAMESPACE, database_admin.ROLES if stores.jobs else postgresql.ACCOUNTS.names),
    )
    return tuple(
        GeneratedSecret(
            name=accounts.secret(account),
            namespaces=tuple(dict.fromkeys((home, homes.get(account, home)))),
        )
        for accounts, home, names in made
        for account in names
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
