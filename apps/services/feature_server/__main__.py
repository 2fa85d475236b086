"""Command line of feature-server: serve, or print the OpenAPI document."""

import sys
from collections.abc import Sequence

from fastapi import FastAPI
from featurestore.connection import RedisSettings
from servicekit.auth import AuthSettings
from servicekit.command import Serving, run_service
from servicekit.program import Program

from feature_server import SERVICE, __version__
from feature_server.app import create_service
from feature_server.settings import FeatureServerSettings


def documented() -> FastAPI:
    """The application of the OpenAPI document as it is committed."""
    settings = FeatureServerSettings.model_construct(
        redis=RedisSettings(host="redis"),
        auth=AuthSettings(issuer="https://issuer", audience="platform", jwks_url="https://issuer/keys"),
    )
    return create_service(settings).app


def serving(settings: FeatureServerSettings) -> Serving:
    """What the settings make to serve."""
    service = create_service(settings)
    return Serving(service.app, service.health)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings or usage."""
    program = Program(SERVICE, __version__, "Serve the newest features of symbols.")
    return run_service(program, arguments, settings=FeatureServerSettings, documented=documented, create=serving)


if __name__ == "__main__":
    sys.exit(main())
