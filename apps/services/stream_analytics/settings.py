"""Settings of stream-analytics, from the variables ``STREAM_ANALYTICS_...``."""

from __future__ import annotations

import hashlib

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict
from servicekit.kafka import KafkaSettings
from servicekit.settings import ServiceSettings

from stream_analytics import SERVICE
from stream_analytics.sources import SOURCES
from stream_analytics.windows import WindowSettings

WINDOWS = {
    "commodity-prices": WindowSettings(),
    # One price in five minutes: an hour, four hours hour by hour, and sessions that three missing intervals end.
    "ISO_RT_LMP": WindowSettings(
        tumbling_seconds=3600,
        sliding_seconds=14_400,
        step_seconds=3600,
        session_gap_seconds=900,
        session_max_seconds=14_400,
        lateness_seconds=600,
    ),
}


class StreamAnalyticsSettings(ServiceSettings):
    """What stream-analytics is told beyond what every service is."""

    model_config = SettingsConfigDict(env_prefix="STREAM_ANALYTICS_")

    kafka: KafkaSettings = Field(description="The Kafka that prices come from and windows go to.")
    pod_name: str = Field(
        default="local",
        pattern=r"^[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?$",
        description="Name of this process among its replicas; its transactional id is the group, a hyphen and this.",
    )
    group: str = Field(default=SERVICE, min_length=1, description="Consumer group.")
    output_topic: str = Field(default="price-windows", min_length=1, description="Topic that windows are written to.")
    dead_letter_topic: str = Field(
        default=f"{SERVICE}.dead-letter", min_length=1, description="Topic for records that are unreadable or late."
    )
    windows: dict[str, WindowSettings] | None = Field(
        default=None,
        min_length=1,
        description="Windows by topic as JSON instead of those below; a topic that is not named is not read",
        examples=['{"commodity-prices": {"tumbling_seconds": 60}}'],
    )
    topic_prefix: str = Field(default="", description="What the names of the topics of prices begin with.")
    session_seconds: float = Field(
        default=10.0, ge=6, le=300, description="Silence after which the group gives a process's partitions to others."
    )
    static_member: bool = Field(
        default=False,
        description="Whether a process that comes back with its pod_name has its partitions again at once; an orderly "
        "stop then frees them only after session_seconds. For pods whose names stay.",
    )
    batch_records: int = Field(default=10_000, ge=1, le=100_000, description="Records taken in at once, at most.")
    emit_seconds: float = Field(
        default=0.05, ge=0, le=60, description="Seconds between two looks for windows that have become final."
    )
    commit_seconds: float = Field(
        default=5.0, ge=0.1, le=300, description="Seconds after which progress is committed when no window is final."
    )
    idle_seconds: float = Field(
        default=10.0,
        ge=0.1,
        le=3600,
        description="Seconds without a record after which a partition's event time goes on by the clock.",
    )
    ahead_seconds: float = Field(
        default=60.0, ge=0, le=86_400, description="How far a price may be ahead of its record's timestamp."
    )
    drift_limit: float = Field(
        default=0.5, ge=0, le=1, description="Drift from which a window counts as drifted in the metrics."
    )

    @field_validator("windows")
    @classmethod
    def _must_be_topics_of_prices(cls, value: dict[str, WindowSettings] | None) -> dict[str, WindowSettings] | None:
        unknown = sorted(set(value or ()) - set(SOURCES))
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: no topic of prices; known are {', '.join(sorted(SOURCES))}")
        return value

    @property
    def windows_by_topic(self) -> dict[str, WindowSettings]:
        """The windows of each topic that is read."""
        return WINDOWS if self.windows is None else self.windows

    def fingerprint(self, topic: str) -> str:
        """What changes when the windows of a topic do."""
        return hashlib.sha256(self.windows_by_topic[topic].model_dump_json().encode()).hexdigest()[:12]
