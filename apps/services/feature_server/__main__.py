"""Command line of feature-server: serve, or print the OpenAPI document."""

import argparse
import json
import sys
from collections.abc import Sequence

from featurestore.connection import RedisSettings
from servicekit.auth import AuthSettings
from servicekit.logs import setup_logging
from servicekit.server import ListenError, serve
from servicekit.settings import SettingsError, load_settings

from feature_server import SERVICE, __version__
from feature_server.app import create_service
from feature_server.settings import FeatureServerSettings


def openapi() -> str:
    """The OpenAPI document as it is committed: it depends on no setting."""
    settings = FeatureServerSettings.model_construct(
        redis=RedisSettings(host="redis"),
        auth=AuthSettings(issuer="https://issuer", audience="platform", jwks_url="https://issuer/keys"),
    )
    return json.dumps(create_service(settings).app.openapi(), indent=2, sort_keys=True) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings or usage."""
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description="Serve feature-server.")
    parser.add_argument("--openapi", action="store_true", help="print the OpenAPI document and exit")
    parser.add_argument("--version", action="version", version=f"{SERVICE} {__version__}")
    if parser.parse_args(arguments).openapi:
        sys.stdout.write(openapi())
        return 0
    try:
        settings = load_settings(FeatureServerSettings)
        setup_logging(service=SERVICE, version=__version__, level=settings.log_level)
        service = create_service(settings)
        serve(service.app, settings, service.health)
    except (SettingsError, ListenError) as error:
        sys.stderr.write(f"{SERVICE}: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
