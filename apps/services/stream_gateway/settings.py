"""Settings of stream-gateway, from the variables ``STREAM_GATEWAY_...``."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from servicekit.kafka import KafkaSettings
from servicekit.settings import ServiceSettings


class StreamGatewaySettings(ServiceSettings):
    """What stream-gateway is told beyond what every service is."""

    model_config = SettingsConfigDict(env_prefix="STREAM_GATEWAY_")

    kafka: KafkaSettings = Field(description="The Kafka whose topics are streamed.")
