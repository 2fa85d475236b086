"""Settings of feature-job, from the variables ``FEATURE_JOB_...``."""

import re
from pathlib import Path
from typing import Literal

from featurestore.connection import RedisSettings
from featurestore.rows import TENANT
from pricemodel.histories import SEED
from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict
from servicekit.postgres import PostgresSettings
from servicekit.settings import ServiceSettings

Mode = Literal["load", "materialize", "all"]


class OwnedPostgresSettings(PostgresSettings):
    """The PostgreSQL with the feature tables; the user owns them."""

    host: str = Field(min_length=1, description="Host of PostgreSQL.", examples=["postgresql"])
    user: str = Field(default="feature_job", min_length=1, description="Role that owns the tables.")
    connect_seconds: int = Field(default=5, ge=1, le=300, description="How long connecting may take.")


class FeatureJobSettings(ServiceSettings):
    """What feature-job is told beyond what every service is; it is a job and listens to nothing."""

    model_config = SettingsConfigDict(env_prefix="FEATURE_JOB_")

    mode: Mode = Field(
        default="all",
        description="`load` writes history and features to PostgreSQL, `materialize` the newest to Redis, `all` both.",
    )
    tenants: str = Field(default="platform", description="Comma-separated tenants whose stores get the features.")
    data_seed: int = Field(default=SEED, ge=0, description="Seed of the generated histories.")
    grants_file: Path | None = Field(
        default=None, description="SQL statements that say who else may read, run after the tables are there."
    )
    wait_seconds: float = Field(
        default=60.0, ge=0, le=3600, description="How long to wait for PostgreSQL and Redis at the start."
    )

    redis: RedisSettings = Field(description="The Redis with the features.")
    postgres: OwnedPostgresSettings = Field(description="The PostgreSQL with the feature tables.")

    @field_validator("tenants")
    @classmethod
    def _must_be_names(cls, value: str) -> str:
        for name in value.split(","):
            if not re.fullmatch(TENANT.removesuffix("$"), name):
                raise ValueError(f"{name!r} is no tenant's name; they are like {TENANT}, separated by commas")
        return value

    @property
    def tenant_names(self) -> tuple[str, ...]:
        """The tenants, each once."""
        return tuple(dict.fromkeys(self.tenants.split(",")))
