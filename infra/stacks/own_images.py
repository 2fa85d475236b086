"""Where the images of our own services come from in an environment."""

from __future__ import annotations

from collections.abc import Callable

from infra.components.foundation.image_registry_layout import repository_host, repository_name
from infra.components.streaming.kafka_layout import Flavor
from infra.config import StackConfig
from infra.core.catalog.images import Image
from infra.stacks.profile import Profile

TagOf = Callable[[str], str]
"""The tag of a package's image: the hash of its sources."""

CONTENT = "content"
"""Tag of our own images in infra/catalog/images.yaml."""


STREAM_GATEWAY = "stream-gateway"
KAFKA_ADMIN = "kafka-admin"
DATABASE_ADMIN = "database-admin"
PRICE_FEED = "price-feed"
PRICE_PATH = (
    PRICE_FEED,
    "stream-analytics",
    "feature-job",
    "feature-server",
    "mlflow-server",
    "model-training",
    "model-server",
    "prediction-consumer",
)


def own_services(config: StackConfig, kafka: Flavor = "strimzi") -> tuple[str, ...]:
    """Services of ours that an environment runs: what is built and pushed for one with a registry of its own.

    Args:
        config: the environment's configuration.
        kafka: its Kafka; those with a registry have the operator.
    """
    admin = (KAFKA_ADMIN,) if kafka == "single-broker" else ()
    wanted = config.applications
    if wanted is None:
        return (STREAM_GATEWAY, *admin)
    path = (name for name in PRICE_PATH if name != PRICE_FEED or wanted.price_feed is not None)
    # A PostgreSQL of its own makes its accounts itself.
    return (STREAM_GATEWAY, *admin, *path, *(() if wanted.postgresql else (DATABASE_ADMIN,)))


def package_of(service: str) -> str:
    """Folder of a service below apps/services."""
    return service.replace("-", "_")


def own_image(config: StackConfig, profile: Profile, entry: Image, tag_of: TagOf) -> Image:
    """The image of a service of ours, in the account's own registry where there is one."""
    repository = entry.repository
    tag = tag_of(package_of(repository))
    if profile.own_registry and config.aws:
        repository = f"{repository_host(config.aws.account_id, config.aws.region)}/{repository_name(entry.repository)}"
    return entry.model_copy(update={"repository": repository, "tag": tag})
