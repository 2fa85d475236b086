"""Settings of model-training, from the variables ``MODEL_TRAINING_...``."""

from pathlib import Path

from pricemodel.histories import SEED
from pricemodel.registry import RegistrySettings
from pydantic import Field
from pydantic_settings import SettingsConfigDict
from servicekit.postgres import PostgresSettings
from servicekit.settings import ServiceSettings


class HistoryPostgresSettings(PostgresSettings):
    """The PostgreSQL that holds the daily histories; without a host the library's own are learnt from."""

    database: str = Field(default="features", min_length=1, description="The database with commodity_prices_daily.")
    user: str | None = Field(default=None, min_length=1, description="User who may read it.")
    timeout_seconds: int = Field(default=10, ge=1, le=300, description="How long connecting may take.")


class ModelTrainingSettings(ServiceSettings):
    """What model-training is told beyond what every service is; it is a job and listens to nothing."""

    model_config = SettingsConfigDict(env_prefix="MODEL_TRAINING_")

    seed: int = Field(default=1, ge=0, le=2**31 - 2, description="Seed of the forests and of the bootstrap.")
    data_seed: int = Field(default=SEED, ge=0, description="Seed of the generated histories, without PostgreSQL.")
    trees: int = Field(default=200, ge=10, le=2000, description="Trees per forest.")
    held_out_years: int = Field(default=3, ge=1, le=10, description="Last years, judged on and never learnt from.")
    validation_years: int = Field(default=2, ge=1, le=10, description="Years before them, for choosing the trees.")
    embargo_days: int = Field(default=5, ge=1, le=365, description="Days before a cut that nobody learns from.")
    folds: int = Field(default=4, ge=2, le=20, description="Parts of the walk-forward.")
    tolerance: float = Field(
        default=0.0, ge=0, le=0.1, description="How much worse the Brier score may be than the champion's."
    )
    wait_seconds: float = Field(
        default=60.0, ge=0, le=3600, description="How long to wait for MLflow and for the histories at the start."
    )
    revision: str = Field(
        default="unknown",
        min_length=1,
        max_length=64,
        description="What it was built from: the tag of its image, or a git revision.",
    )
    output_dir: Path | None = Field(default=None, description="Folder for the report and the model, besides MLflow.")

    postgres: HistoryPostgresSettings = Field(
        default_factory=HistoryPostgresSettings, description="Where the histories are."
    )
    mlflow: RegistrySettings = Field(default_factory=RegistrySettings, description="Where the model is registered.")
