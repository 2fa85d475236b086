"""What model-server measures about its models, besides what every service measures."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_CONFIDENCES = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
_SHARES = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)


class Measures:
    """The metrics of models and predictions."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self.predictions = Counter(
            "model_predictions", "Inputs answered.", ("version", "variant", "direction"), registry=registry
        )
        self.confidence = Histogram(
            "model_confidence",
            "Confidence of the predictions.",
            ("version", "variant"),
            buckets=_CONFIDENCES,
            registry=registry,
        )
        self.seconds = Histogram(
            "model_seconds",
            "Seconds for all inputs of a request, features and forests, without HTTP.",
            ("explained",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.serving = Gauge(
            "model_serving", "1 for the version that an alias is served by.", ("alias", "version"), registry=registry
        )
        self.swaps = Counter("model_swaps", "Versions taken into service.", ("alias",), registry=registry)
        self.load_failures = Counter(
            "model_load_failures", "Versions that were refused; the one before goes on.", ("alias",), registry=registry
        )
        self.source_failures = Counter(
            "model_source_failures", "Polls that the source of models did not answer.", registry=registry
        )
        self.shadow_rows = Counter(
            "model_shadow_rows",
            "Inputs that the shadow answered too, by whether it said the same direction.",
            ("version", "agrees"),
            registry=registry,
        )
        self.shadow_difference = Histogram(
            "model_shadow_relative_difference",
            "Difference of the shadow's price from the champion's, as a share of it.",
            ("version",),
            buckets=_SHARES,
            registry=registry,
        )
        self.shadow_dropped = Counter(
            "model_shadow_dropped", "Requests left out of the shadow: its queue was full.", registry=registry
        )
        self.shadow_failures = Counter(
            "model_shadow_failures", "Requests that the shadow could not answer.", registry=registry
        )
