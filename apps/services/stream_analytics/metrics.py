"""What stream-analytics counts, beside what every service does."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class StreamMetrics:
    """Counters by topic; a series has none of its own, since nobody bounds how many there are."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self.records = Counter(
            "stream_records", "Records taken in, by what became of them.", ("topic", "outcome"), registry=registry
        )
        self.windows = Counter("stream_windows", "Windows given out.", ("topic", "kind"), registry=registry)
        self.drifted = Counter(
            "stream_windows_drifted",
            "Windows whose newest part is unlike the rest.",
            ("topic", "kind"),
            registry=registry,
        )
        self.repeated = Counter(
            "stream_windows_low_quality",
            "Windows of which not every record counted.",
            ("topic", "kind"),
            registry=registry,
        )
        self.watermark = Gauge(
            "stream_watermark_timestamp_seconds",
            "Event time before which nothing is accepted: the partition that is furthest behind.",
            ("topic",),
            registry=registry,
        )
        self.lag = Gauge(
            "stream_lag_records", "Records not taken in yet, as last heard.", ("topic",), registry=registry
        )
        self.partitions = Gauge("stream_partitions", "Partitions assigned to this process.", registry=registry)
        self.commit = Histogram(
            "stream_commit_seconds",
            "Seconds from having a batch to its windows being committed.",
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0),
            registry=registry,
        )
        self.aborted = Counter(
            "stream_transactions_aborted", "Transactions given up and done again.", registry=registry
        )
