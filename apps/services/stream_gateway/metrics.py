"""What stream-gateway measures of itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_FAN_OUT_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_AGE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


class StreamMetrics:
    """Connections, messages, what was dropped, and how long it takes from Kafka to the last client."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self.connections = Gauge("stream_connections", "Streams open now.", ("kind",), registry=registry)
        self.refused = Counter("stream_refused", "Streams turned away.", ("status",), registry=registry)
        self.closed = Counter("stream_closed", "Streams that the gateway ended.", ("code",), registry=registry)
        self.records = Counter("stream_records", "Records read from Kafka.", ("topic",), registry=registry)
        self.messages = Counter("stream_messages", "Messages handed to clients.", ("topic",), registry=registry)
        self.replayed = Counter("stream_replayed_messages", "Messages of resumed streams.", registry=registry)
        self.dropped = Counter("stream_dropped_messages", "Messages that slow clients lost.", registry=registry)
        self.fan_out = Histogram(
            "stream_fan_out_seconds",
            "Seconds from the read of a record until the last client has it in its socket or queue.",
            buckets=_FAN_OUT_BUCKETS,
            registry=registry,
        )
        self.age = Histogram(
            "stream_record_age_seconds",
            "Seconds from a record's time stamp to its read.",
            buckets=_AGE_BUCKETS,
            registry=registry,
        )
