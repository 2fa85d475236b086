"""Records that cannot be worked on: kept where people find them, with the reason, so that the others go on."""

from prometheus_client import CollectorRegistry, Counter

from servicekit.logs import get_logger
from servicekit.producer import Producer
from servicekit.records import Record
from servicekit.redact import redact_text

logger = get_logger(__name__)

REASON_LIMIT = 1000
"""Characters of a reason that are kept."""

HEADERS = ("reason", "topic", "partition", "offset")


class DeadLetters:
    """The dead-letter topic of one Kafka user."""

    def __init__(self, producer: Producer, topic: str, registry: CollectorRegistry | None = None) -> None:
        """Write to ``topic``, named ``<user>.dead-letter``; within the producer's transaction, if it has one."""
        self._producer, self._topic = producer, topic
        self._count = (
            Counter("dead_letters", "Records put aside, by the topic they came from.", ("topic",), registry=registry)
            if registry
            else None
        )

    async def publish(self, record: Record, reason: str) -> None:
        """Keep a record as it came, with headers that say why and where it came from.

        Args:
            record: what cannot be worked on.
            reason: why, for people; secrets in it are masked.

        Raises:
            KafkaFailure: it could not be kept: then its offset must not be committed.
        """
        said = redact_text(reason)[:REASON_LIMIT]
        headers = {
            **record.headers,
            "reason": said.encode(),
            "topic": record.topic.encode(),
            "partition": str(record.partition).encode(),
            "offset": str(record.offset).encode(),
        }
        logger.warning(
            "record put aside", topic=record.topic, partition=record.partition, offset=record.offset, reason=said
        )
        await self._producer.send(self._topic, record.key, record.value, headers)
        if self._count:
            self._count.labels(record.topic).inc()
