"""Settings of stream-gateway, from the variables ``STREAM_GATEWAY_...``."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict
from servicekit.auth import AuthSettings
from servicekit.kafka import KafkaSettings
from servicekit.settings import ServiceSettings


class StreamGatewaySettings(ServiceSettings):
    """What stream-gateway is told beyond what every service is."""

    model_config = SettingsConfigDict(env_prefix="STREAM_GATEWAY_")

    kafka: KafkaSettings = Field(description="The Kafka whose topics are streamed.")
    auth: AuthSettings = Field(description="Whose tokens are accepted.")
    topics: Annotated[tuple[str, ...], NoDecode] = Field(
        min_length=1,
        description="Comma-separated topics that are streamed.",
        examples=["commodity-prices,ml-predictions"],
    )
    tenant_topics: Annotated[Mapping[str, tuple[str, ...]], NoDecode] = Field(
        default={},
        description="JSON: the topics that each tenant may read; the platform, its services and stewards read all.",
        examples=['{"trading-desk": ["ml-predictions"]}'],
    )
    max_connections: int = Field(default=20_000, ge=1, le=1_000_000, description="Streams open at once.")
    max_connections_per_principal: int = Field(
        default=100, ge=1, le=1_000_000, description="Streams open at once of one token's subject."
    )
    queue_messages: int = Field(
        default=1_000, ge=1, le=100_000, description="Messages that wait for a client that is slow to read."
    )
    slow_client: Literal["drop-oldest", "disconnect"] = Field(
        default="drop-oldest",
        description="Once its queue is full: drop its oldest messages and say which, or close with code 1013.",
    )
    max_replay_records: int = Field(
        default=200_000, ge=0, le=10_000_000, description="Records of a partition that a resume may go back."
    )
    heartbeat_seconds: float = Field(
        default=20.0, ge=0.1, le=300, description="Between pings; a client silent for 2.5 of them is gone."
    )
    requests_per_second: float = Field(
        default=20.0, gt=0, le=100_000, description="Requests and connections a second of one token's subject."
    )
    requests_burst: int = Field(default=100, ge=1, le=1_000_000, description="As many at once after a rest.")

    @field_validator("topics", mode="before")
    @classmethod
    def _names_stand_between_commas(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        names = [name.strip() for name in value.split(",")]
        if not all(names) or len(set(names)) != len(names):
            raise ValueError("names of topics with commas between them, none twice")
        return names

    @field_validator("tenant_topics", mode="before")
    @classmethod
    def _tenants_are_given_as_json(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            found = json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f"not JSON: {error}") from None
        if not isinstance(found, dict):
            raise ValueError("a JSON object of lists of topics by tenant")  # noqa: TRY004 - pydantic tells ValueError
        return found

    @model_validator(mode="after")
    def _tenants_read_what_is_streamed(self) -> Self:
        for tenant, topics in self.tenant_topics.items():
            for topic in topics:
                if topic not in self.topics:
                    raise ValueError(
                        f"tenant_topics gives {tenant} the topic {topic!r}, which topics does not have: "
                        f"{', '.join(self.topics)}"
                    )
        return self
