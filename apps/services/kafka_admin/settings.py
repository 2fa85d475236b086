"""Settings of kafka-admin, from the variables ``KAFKA_ADMIN_...``."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict
from servicekit.kafka import KafkaSettings
from servicekit.settings import ServiceSettings


class KafkaAdminSettings(ServiceSettings):
    """What kafka-admin is told beyond what every service is."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_ADMIN_")

    kafka: KafkaSettings = Field(description="The Kafka to administer, as a user who may do everything.")
    declaration: Path = Field(description="JSON file with the topics and users that there are to be")
    wait_seconds: float = Field(default=300.0, ge=0, le=3600, description="Seconds to wait for the broker to answer.")

    @model_validator(mode="after")
    def _declaration_must_be_there(self) -> Self:
        if not self.declaration.is_file():
            raise ValueError(f"declaration {str(self.declaration)!r}: no such file; mount it there")
        return self
