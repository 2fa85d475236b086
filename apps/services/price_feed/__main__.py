"""Command line of price-feed: serve, or print the OpenAPI document."""

import argparse
import json
import sys
from collections.abc import Sequence

from servicekit.auth import AuthSettings
from servicekit.kafka import KafkaSettings
from servicekit.logs import setup_logging
from servicekit.server import ListenError, serve
from servicekit.settings import SettingsError, load_settings

from price_feed import SERVICE, __version__
from price_feed.app import create_service
from price_feed.settings import PriceFeedSettings


def openapi() -> str:
    """The OpenAPI document as it is committed: it depends on no setting."""
    settings = PriceFeedSettings.model_construct(
        kafka=KafkaSettings(bootstrap_servers="kafka:9092"),
        auth=AuthSettings(issuer="https://issuer", audience="platform", jwks_url="https://issuer/keys"),
    )
    return json.dumps(create_service(settings).app.openapi(), indent=2, sort_keys=True) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings or usage."""
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description="Serve price-feed.")
    parser.add_argument("--openapi", action="store_true", help="print the OpenAPI document and exit")
    parser.add_argument("--version", action="version", version=f"{SERVICE} {__version__}")
    if parser.parse_args(arguments).openapi:
        sys.stdout.write(openapi())
        return 0
    try:
        settings = load_settings(PriceFeedSettings)
        setup_logging(service=SERVICE, version=__version__, level=settings.log_level)
        service = create_service(settings)
        serve(service.app, settings, service.health)
    except (SettingsError, ListenError) as error:
        sys.stderr.write(f"{SERVICE}: {error}\n")
        return error.exit_code
    return 1 if service.background.failure else 0


if __name__ == "__main__":
    sys.exit(main())
