"""What differs between environments beyond the numbers in their configuration."""

from __future__ import annotations

from pydantic import Field

from infra.components.streaming.kafka_layout import Flavor
from infra.core.models import Args


class Profile(Args):
    """The shape of an environment."""

    kafka: Flavor = Field(description="which Kafka it has")
    keep: bool = Field(description="whether stateful things are protected and retained on delete")
    own_registry: bool = Field(description="whether images of our services come from an ECR repository of the account")
    secrets_manager: bool = Field(description="whether credentials are also kept in Secrets Manager")
    recovery_days: int = Field(ge=0, le=30, description="Secrets Manager's recovery window; 0 deletes at once")
