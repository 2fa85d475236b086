"""Command line of price-feed: serve, or print the OpenAPI document."""

import sys
from collections.abc import Sequence

from fastapi import FastAPI
from servicekit.auth import AuthSettings
from servicekit.command import Serving, run_service
from servicekit.kafka import KafkaSettings
from servicekit.program import Program

from price_feed import SERVICE, __version__
from price_feed.app import create_service
from price_feed.settings import PriceFeedSettings


def documented() -> FastAPI:
    """The application of the OpenAPI document as it is committed."""
    settings = PriceFeedSettings.model_construct(
        kafka=KafkaSettings(bootstrap_servers="kafka:9092"),
        auth=AuthSettings(issuer="https://issuer", audience="platform", jwks_url="https://issuer/keys"),
    )
    return create_service(settings).app


def serving(settings: PriceFeedSettings) -> Serving:
    """What the settings make to serve."""
    service = create_service(settings)
    return Serving(service.app, service.health, failure=lambda: service.background.failure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings or usage."""
    program = Program(SERVICE, __version__, "Write prices to Kafka.")
    return run_service(program, arguments, settings=PriceFeedSettings, documented=documented, create=serving)


if __name__ == "__main__":
    sys.exit(main())
