"""Settings of model-server, from the variables ``MODEL_SERVER_...``."""

from pathlib import Path
from typing import Self

from pricemodel.registry import RegistrySettings
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import SettingsConfigDict
from servicekit.auth import AuthSettings
from servicekit.settings import ServiceSettings


class FolderSettings(BaseModel):
    """Models in folders, where there is no MLflow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dir: Path | None = Field(default=None, description="Folder of the champion; this or MLflow's address.")
    challenger_dir: Path | None = Field(default=None, description="Folder of the challenger.")


class TrafficSettings(BaseModel):
    """Which share of the inputs the challenger answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    canary_percent: float = Field(
        default=0.0, ge=0, le=100, description="Percent of requests, drawn anew each time, for the challenger."
    )
    ab_percent: float = Field(
        default=0.0, ge=0, le=100, description="Percent of keys (header, else symbol) always sent to the challenger."
    )
    shadow: bool = Field(
        default=False, description="Whether the challenger also answers what the champion does, unseen, to be compared."
    )
    shadow_queue: int = Field(
        default=100, ge=1, le=10_000, description="Requests that may wait for the shadow; more are left out."
    )

    @model_validator(mode="after")
    def _shares_must_fit(self) -> Self:
        if self.canary_percent + self.ab_percent > 100:
            raise ValueError(
                f"canary_percent ({self.canary_percent:g}) + ab_percent ({self.ab_percent:g}) must be at most 100"
            )
        return self


class ModelServerSettings(ServiceSettings):
    """What model-server is told beyond what every service is."""

    model_config = SettingsConfigDict(env_prefix="MODEL_SERVER_")

    poll_seconds: float = Field(
        default=10.0, ge=0.1, le=3600, description="How often it is asked which version is the champion."
    )
    retry_seconds: float = Field(
        default=60.0, ge=0.1, le=3600, description="When a version that could not be used is tried again."
    )
    calls_per_second: float = Field(default=2000.0, gt=0, le=100_000, description="Requests a second of one caller.")
    calls_burst: int = Field(default=4000, ge=1, le=1_000_000, description="Requests at once of one caller.")

    model: FolderSettings = Field(default_factory=FolderSettings, description="Models in folders.")
    mlflow: RegistrySettings = Field(default_factory=RegistrySettings, description="Models in MLflow.")
    traffic: TrafficSettings = Field(default_factory=TrafficSettings, description="What the challenger answers.")
    auth: AuthSettings = Field(description="Whose tokens count.")

    @model_validator(mode="after")
    def _models_come_from_one_place(self) -> Self:
        if (self.model.dir is None) == (self.mlflow.tracking_uri is None):
            raise ValueError("mlflow_tracking_uri and model_dir: set one of them, it says where the models are")
        return self
