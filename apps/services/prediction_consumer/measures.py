"""Prometheus metrics of what this service does with records."""

import time
from collections.abc import Callable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from servicekit.records import Record

from prediction_consumer.predictor import Outcome

_LATENCY = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds; the last ones are what a dependency that was away leaves behind."""

_LAG_SECONDS = 1.0
"""How often the lag is looked at."""


class Measures:
    """Counts, times and the lag."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self._predictions = Counter("predictions_written", "Predictions committed.", registry=registry)
        self._stale = Counter("predictions_of_stale_features", "Predictions from stale features.", registry=registry)
        self._dead = Counter(
            "dead_letters_written", "Records not predictable, by reason.", ("kind",), registry=registry
        )
        self._blocked = Counter("batches_held_up", "Tries of a batch that failed.", ("service",), registry=registry)
        self._latency = Histogram(
            "prediction_latency_seconds",
            "Seconds from the price's record on Kafka to its committed prediction.",
            buckets=_LATENCY,
            registry=registry,
        )
        self._stage = Histogram(
            "batch_duration_seconds",
            "Seconds of a batch by what they went to: predict, or commit.",
            ("stage",),
            buckets=_LATENCY,
            registry=registry,
        )
        self._size = Histogram(
            "batch_records", "Records of a batch.", buckets=(1, 2, 5, 10, 50, 100, 250, 500), registry=registry
        )
        self._lag = Gauge("consumer_lag_records", "Records not read yet.", ("partition",), registry=registry)
        self._looked = 0.0
        self._partitions: set[int] = set()

    def finished(self, records: Sequence[Record], outcome: Outcome, predicting: float, committing: float) -> None:
        """Keep what became of a batch; durations in seconds."""
        self._predictions.inc(outcome.predictions)
        self._stale.inc(outcome.stale)
        for kind, count in outcome.poison.items():
            self._dead.labels(kind).inc(count)
        self._stage.labels("predict").observe(predicting)
        self._stage.labels("commit").observe(committing)
        self._size.observe(len(records))
        now = time.time()
        for record in records:
            if record.timestamp_ms > 0:
                self._latency.observe(max(0.0, now - record.timestamp_ms / 1000))

    def blocked(self, service: str) -> None:
        """Keep that a batch could not be finished because of a service."""
        self._blocked.labels(service).inc()

    def lag(self, read: Callable[[], Mapping[int, int]]) -> None:
        """Look at the lag, not more often than once a second."""
        if time.monotonic() < self._looked + _LAG_SECONDS:
            return
        self._looked = time.monotonic()
        lags = read()
        for gone in self._partitions - set(lags):
            self._lag.remove(str(gone))
        self._partitions = set(lags)
        for partition, lag in lags.items():
            self._lag.labels(str(partition)).set(lag)
