"""Command line of model-server: serve, or print the OpenAPI document."""

import sys
from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI
from pricemodel.registry import RegistrySettings
from servicekit.auth import AuthSettings
from servicekit.command import Serving, run_service
from servicekit.program import Program

from model_server import SERVICE, __version__
from model_server.app import create_service
from model_server.settings import FolderSettings, ModelServerSettings, TrafficSettings


def documented() -> FastAPI:
    """The application of the OpenAPI document as it is committed."""
    settings = ModelServerSettings.model_construct(
        model=FolderSettings(dir=Path("model")),
        mlflow=RegistrySettings(),
        traffic=TrafficSettings(),
        auth=AuthSettings(issuer="https://issuer", audience="platform", jwks_url="https://issuer/keys"),
    )
    return create_service(settings).app


def serving(settings: ModelServerSettings) -> Serving:
    """What the settings make to serve."""
    service = create_service(settings)
    return Serving(service.app, service.health)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings or usage."""
    program = Program(SERVICE, __version__, "Serve predictions of next prices.")
    return run_service(program, arguments, settings=ModelServerSettings, documented=documented, create=serving)


if __name__ == "__main__":
    sys.exit(main())
