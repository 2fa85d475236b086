"""What Strimzi's resources say about topics and their users."""

from __future__ import annotations

import functools
import re
from typing import Final

from policies.data_catalog import DataCatalog, Topic, load_data_catalog
from policies.model import Resource, Stack
from policies.whole import of_types

TOPICS: Final = frozenset(
    f"kubernetes:kafka.strimzi.io/{version}:KafkaTopic" for version in ("v1", "v1beta2", "v1beta1", "v1alpha1")
)
"""The tokens of Strimzi's topic, in every version of its API."""

USERS: Final = frozenset(token.replace("KafkaTopic", "KafkaUser") for token in TOPICS)
"""The tokens of Strimzi's user."""

CLUSTERS: Final = frozenset(token.replace("KafkaTopic", "Kafka") for token in TOPICS)
"""The tokens of Strimzi's cluster."""

TENANT: Final = "platform/tenant"
DATA_CLASS: Final = "platform/data-class"
_DEAD_LETTERS: Final = re.compile(r"[a-z0-9-]+\.dead-letter")


def name_of(topic: Resource) -> str:
    """The topic's name in Kafka, which is not always that of the object."""
    return topic.root["topicName"].text() or topic.root.at("spec", "topicName").text() or _object_name(topic)


def declared(name: str, catalog: DataCatalog | None = None) -> Topic | None:
    """What the catalog says about a topic.

    Dead-letter topics are derived: they hold a copy of anything that a consumer could not use, so that they count as
    confidential, and nobody in particular owns them but their consumer.
    """
    catalog = catalog or load_data_catalog()
    if name not in catalog.topics and _DEAD_LETTERS.fullmatch(name):
        return Topic(owner="", level="confidential", longest_days=None)
    return catalog.topics.get(name)


def topics_of(stack: Stack) -> list[Resource]:
    """The stack's topics."""
    return of_types(stack, TOPICS)


@functools.cache
def days_of(milliseconds: int) -> float:
    """Milliseconds as days."""
    return milliseconds / 86_400_000


def _object_name(topic: Resource) -> str:
    return topic.root.at("metadata", "name").text() or topic.name
