"""Command line of stream-analytics: serve, or print the OpenAPI document."""

import sys
from collections.abc import Sequence

from fastapi import FastAPI
from servicekit.command import Serving, run_service
from servicekit.kafka import KafkaSettings
from servicekit.program import Program

from stream_analytics import SERVICE, __version__
from stream_analytics.app import create_service
from stream_analytics.settings import StreamAnalyticsSettings


def documented() -> FastAPI:
    """The application of the OpenAPI document as it is committed."""
    settings = StreamAnalyticsSettings.model_construct(kafka=KafkaSettings(bootstrap_servers="kafka:9092"))
    return create_service(settings).app


def serving(settings: StreamAnalyticsSettings) -> Serving:
    """What the settings make to serve."""
    service = create_service(settings)
    return Serving(service.app, service.health, failure=lambda: service.worker.failure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings or usage."""
    program = Program(SERVICE, __version__, "Count prices over windows of event time.")
    return run_service(program, arguments, settings=StreamAnalyticsSettings, documented=documented, create=serving)


if __name__ == "__main__":
    sys.exit(main())
