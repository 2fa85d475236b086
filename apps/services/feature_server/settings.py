"""Settings of feature-server, from the variables ``FEATURE_SERVER_...``."""

from featurestore.connection import RedisSettings
from pydantic import Field
from pydantic_settings import SettingsConfigDict
from servicekit.auth import AuthSettings
from servicekit.settings import ServiceSettings


class FeatureServerSettings(ServiceSettings):
    """What feature-server is told beyond what every service is."""

    model_config = SettingsConfigDict(env_prefix="FEATURE_SERVER_")

    stale_seconds: float = Field(
        default=129_600.0,
        gt=0,
        le=31_536_000,
        description="Age from which features are stale: a day and a half, since the job runs daily.",
    )
    calls_per_second: float = Field(default=2000.0, gt=0, le=100_000, description="Requests a second of one caller.")
    calls_burst: int = Field(default=4000, ge=1, le=1_000_000, description="Requests at once of one caller.")

    redis: RedisSettings = Field(description="The Redis with the features.")
    auth: AuthSettings = Field(description="Whose tokens count.")
