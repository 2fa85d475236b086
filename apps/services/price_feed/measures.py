"""Prometheus metrics of what this service writes."""

from prometheus_client import CollectorRegistry, Counter, Histogram


class Measures:
    """Counts records by topic, and times their acknowledgement."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self._written = Counter("records_written", "Records acknowledged.", ("topic",), registry=registry)
        self._refused = Counter("records_refused", "Records that Kafka did not take.", ("topic",), registry=registry)
        self._skipped = Counter(
            "replay_records_skipped", "Replayed records left out to stay in time.", registry=registry
        )
        self._seconds = Histogram(
            "record_acknowledgement_seconds",
            "Seconds until all in-sync replicas had a record.",
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0),
            registry=registry,
        )

    def written(self, topic: str, seconds: float) -> None:
        """A record was acknowledged."""
        self._written.labels(topic).inc()
        self._seconds.observe(seconds)

    def refused(self, topic: str) -> None:
        """A record was not."""
        self._refused.labels(topic).inc()

    def skipped(self, records: int) -> None:
        """Replayed records were left out."""
        self._skipped.inc(records)
