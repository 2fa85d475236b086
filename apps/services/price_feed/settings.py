"""Settings of price-feed, from the variables ``PRICE_FEED_...``."""

from pricemodel.histories import SEED
from pydantic import Field
from pydantic_settings import SettingsConfigDict
from servicekit.auth import AuthSettings
from servicekit.kafka import KafkaSettings
from servicekit.settings import ServiceSettings


class PriceFeedSettings(ServiceSettings):
    """What price-feed is told beyond what every service is."""

    model_config = SettingsConfigDict(env_prefix="PRICE_FEED_")

    rate: float = Field(
        default=0.0, ge=0, le=10_000, description="Replayed commodity prices a second; 0 writes only what is posted."
    )
    lmp_rate: float = Field(
        default=0.0, ge=0, le=10_000, description="Generated locational marginal prices a second; 0 writes none."
    )
    replay_days: int = Field(
        default=250, ge=1, le=4000, description="The newest days of each history that are replayed, over and over."
    )
    seed: int = Field(
        default=SEED,
        ge=0,
        le=2**32 - 1,
        description="Seed of the generated prices; the same as feature-job's, whose features are of these series.",
    )
    catch_up_seconds: float = Field(
        default=1.0, ge=0.1, le=60, description="How much of a hold-up the replay makes good; the rest is left out."
    )
    buffer_records: int = Field(
        default=10_000, ge=1, le=1_000_000, description="Records that may wait for Kafka; more are refused with 503."
    )
    stall_seconds: float = Field(
        default=2.0, ge=0.1, le=30, description="When the oldest record waits longer, new ones are refused with 503."
    )
    delivery_seconds: float = Field(
        default=10.0, ge=1, le=60, description="How long a record may wait for Kafka before it is given up."
    )
    max_clock_skew_seconds: float = Field(
        default=30.0, ge=0, le=3600, description="How far in the future a price may have been traded."
    )
    calls_per_second: float = Field(default=200.0, gt=0, le=100_000, description="Posts a second of one caller.")
    calls_burst: int = Field(default=1000, ge=1, le=1_000_000, description="Posts at once of one caller.")

    kafka: KafkaSettings = Field(description="The Kafka that is written.")
    auth: AuthSettings = Field(description="Whose tokens count.")
