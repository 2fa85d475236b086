"""Configuration of the services of ours and of what they need beside Kafka."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from infra.core.models import Document
from infra.core.quantity import Bytes, Millicores

GIBIBYTE = 1024**3


class PodConfig(Document):
    """What one pod asks for."""

    cpu: Millicores = Field(ge=10, le=64_000, description="CPU request")
    memory: Annotated[Bytes, Field(ge=64 * 1024**2, le=512 * GIBIBYTE)] = Field(description="memory request and limit")


class ReplicatedConfig(PodConfig):
    """A service of ours: the size of a replica, and how many there are."""

    replicas: int = Field(ge=1, le=100, description="replicas at least")
    max_replicas: int | None = Field(
        default=None, ge=1, le=100, description="replicas at most, which means autoscaling; as many as at least if null"
    )

    @model_validator(mode="after")
    def _ordered(self) -> ReplicatedConfig:
        if self.max_replicas is not None and self.max_replicas < self.replicas:
            raise ValueError(f"maxReplicas must be at least replicas ({self.replicas})")
        return self


class StoreConfig(PodConfig):
    """A server that keeps data, as one pod with a volume."""

    storage: Annotated[Bytes, Field(ge=GIBIBYTE, le=16 * 1024 * GIBIBYTE)] = Field(description="its volume")
    storage_class: str | None = Field(
        default=None,
        min_length=1,
        description="if null, `encrypted` in a cluster of kind eks, else the cluster's default",
    )


class ApplicationsConfig(Document):
    """The price path: from the feed of prices to predictions, with its stores."""

    price_rate: float | None = Field(
        default=None,
        ge=0,
        le=100_000,
        description="prices a second that price-feed replays of commodities, and as many of locations; 0 for none",
    )
    price_feed: ReplicatedConfig | None = Field(
        default=None, description="price-feed; none if null, and then no prices are replayed"
    )
    stream_analytics: ReplicatedConfig = Field(description="stream-analytics")
    feature_server: ReplicatedConfig = Field(description="feature-server")
    model_server: ReplicatedConfig = Field(description="model-server")
    prediction_consumer: ReplicatedConfig = Field(description="prediction-consumer")
    feature_job: PodConfig = Field(description="the job that computes features")
    model_training: PodConfig = Field(description="the job that trains the price model")
    redis: StoreConfig | None = Field(
        default=None, description="Redis, the online store of features; the environment's cache if null"
    )
    postgresql: StoreConfig | None = Field(
        default=None,
        description="PostgreSQL, the tables of features and MLflow's records; the environment's database if null",
    )
    nats: StoreConfig = Field(description="NATS, the streams of analytics events")
    mlflow: StoreConfig = Field(description="MLflow, runs and models")

    @model_validator(mode="after")
    def _rate_of_the_feed(self) -> ApplicationsConfig:
        if (self.price_rate is None) != (self.price_feed is None):
            raise ValueError("priceRate and priceFeed belong together: give both, or neither where nothing is replayed")
        return self
