"""Command line of prediction-consumer: serve, or print the OpenAPI document."""

import argparse
import json
import sys
from collections.abc import Sequence

from servicekit.kafka import KafkaSettings
from servicekit.logs import setup_logging
from servicekit.server import ListenError, serve
from servicekit.settings import SettingsError, load_settings

from prediction_consumer import SERVICE, __version__
from prediction_consumer.app import create_service
from prediction_consumer.settings import PredictionConsumerSettings


def openapi() -> str:
    """The OpenAPI document as it is committed: it depends on no setting."""
    settings = PredictionConsumerSettings.model_construct(kafka=KafkaSettings(bootstrap_servers="kafka:9092"))
    return json.dumps(create_service(settings).app.openapi(), indent=2, sort_keys=True) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings or usage."""
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description="Serve prediction-consumer.")
    parser.add_argument("--openapi", action="store_true", help="print the OpenAPI document and exit")
    parser.add_argument("--version", action="version", version=f"{SERVICE} {__version__}")
    if parser.parse_args(arguments).openapi:
        sys.stdout.write(openapi())
        return 0
    try:
        settings = load_settings(PredictionConsumerSettings)
        setup_logging(service=SERVICE, version=__version__, level=settings.log_level)
        service = create_service(settings)
        serve(service.app, settings, service.health)
    except (SettingsError, ListenError) as error:
        sys.stderr.write(f"{SERVICE}: {error}\n")
        return error.exit_code
    # It ended itself, since a new process can do what this one no longer can; the log says why.
    return 1 if service.failure else 0


if __name__ == "__main__":
    sys.exit(main())
