"""Settings of prediction-consumer, from the variables ``PREDICTION_CONSUMER_...``."""

from pydantic import BaseModel, ConfigDict, Field, HttpUrl
from pydantic_settings import SettingsConfigDict
from servicekit.auth import AuthSettings
from servicekit.kafka import KafkaSettings
from servicekit.settings import ServiceSettings


class FeaturesSettings(BaseModel):
    """The feature server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: HttpUrl = Field(
        description="Where the feature server answers.", examples=["http://feature-server.platform-features.svc:8080"]
    )
    timeout_seconds: float = Field(default=2.0, ge=0.05, le=30, description="Seconds that one answer may take.")


class ModelSettings(BaseModel):
    """The model server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: HttpUrl = Field(
        description="Where the model server answers.", examples=["http://model-server.platform-serving.svc:8080"]
    )
    timeout_seconds: float = Field(default=2.0, ge=0.05, le=30, description="Seconds that one answer may take.")


class PredictionConsumerSettings(ServiceSettings):
    """What prediction-consumer is told beyond what every service is."""

    model_config = SettingsConfigDict(env_prefix="PREDICTION_CONSUMER_")

    pod_name: str = Field(
        min_length=1,
        max_length=200,
        pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        description="Name of the pod; no two processes at a time may have the same one",
        examples=["prediction-consumer-7d9f-x2x4z"],
    )
    group: str = Field(default="prediction-consumer", min_length=1, description="Consumer group of all replicas.")
    input_topic: str = Field(default="commodity-prices", min_length=1, description="Topic of the prices.")
    output_topic: str = Field(default="ml-predictions", min_length=1, description="Topic of the predictions.")
    dead_letter_topic: str = Field(
        default="prediction-consumer.dead-letter", min_length=1, description="Topic of what cannot be predicted."
    )
    max_records: int = Field(
        default=500, ge=1, le=500, description="Records of a batch; the two services take 500 at a time."
    )
    backoff_seconds: float = Field(
        default=0.2, gt=0, le=10, description="Seconds before a batch that failed is tried again, at first."
    )
    backoff_most_seconds: float = Field(default=5.0, gt=0, le=60, description="Seconds between two tries at most.")
    transaction_seconds: float = Field(
        default=15.0,
        ge=1,
        le=300,
        description="Seconds after which the broker ends a transaction whose process died; readers wait as long.",
    )

    session_seconds: float = Field(
        default=10.0, ge=1, le=300, description="Seconds after which others get the partitions of a process that died."
    )

    kafka: KafkaSettings = Field(description="The Kafka that is read and written.")
    features: FeaturesSettings = Field(description="The feature server.")
    model: ModelSettings = Field(description="The model server.")
    auth: AuthSettings = Field(description="How this service shows the two servers who it is.")

    @property
    def transactional_id(self) -> str:
        """Of this process; it begins with the Kafka user's name, as its permissions demand."""
        name = self.pod_name.removeprefix("prediction-consumer-")
        return f"prediction-consumer-{name}"
