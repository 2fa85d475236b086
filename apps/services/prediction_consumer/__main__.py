"""Command line of prediction-consumer: serve, or print the OpenAPI document."""

import sys
from collections.abc import Sequence

from fastapi import FastAPI
from servicekit.command import Serving, run_service
from servicekit.kafka import KafkaSettings
from servicekit.program import Program

from prediction_consumer import SERVICE, __version__
from prediction_consumer.app import create_service
from prediction_consumer.settings import PredictionConsumerSettings


def documented() -> FastAPI:
    """The application of the OpenAPI document as it is committed."""
    settings = PredictionConsumerSettings.model_construct(kafka=KafkaSettings(bootstrap_servers="kafka:9092"))
    return create_service(settings).app


def serving(settings: PredictionConsumerSettings) -> Serving:
    """What the settings make to serve."""
    service = create_service(settings)
    return Serving(service.app, service.health, failure=lambda: service.failure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings or usage."""
    program = Program(SERVICE, __version__, "Predict for each price of a topic, exactly once.")
    return run_service(program, arguments, settings=PredictionConsumerSettings, documented=documented, create=serving)


if __name__ == "__main__":
    sys.exit(main())
