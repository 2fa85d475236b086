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
    gateway_in_each_zone: bool = Field(description="whether each zone has a NAT gateway of its own")
    private_endpoints: bool = Field(description="whether calls to AWS stay inside the network")
    recovery_days: int = Field(ge=0, le=30, description="Secrets Manager's recovery window; 0 deletes at once")

    @property
    def operators(self) -> bool:
        """Whether it has operators: an environment without any has nothing for them to work on either."""
        return self.kafka == "strimzi"
