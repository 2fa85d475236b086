"""Command line of stream-gateway: serve, or print the OpenAPI document."""

import sys
from collections.abc import Sequence

from fastapi import FastAPI
from servicekit.auth import AuthSettings
from servicekit.command import Serving, run_service
from servicekit.kafka import KafkaSettings
from servicekit.program import Program

from stream_gateway import SERVICE, __version__
from stream_gateway.app import create_service
from stream_gateway.settings import StreamGatewaySettings


def documented() -> FastAPI:
    """The application of the OpenAPI document as it is committed."""
    settings = StreamGatewaySettings.model_construct(
        kafka=KafkaSettings(bootstrap_servers="kafka:9092"),
        auth=AuthSettings(issuer="https://identity.local", audience="any", jwks_url="https://identity.local/keys"),
        topics=("any",),
    )
    return create_service(settings).app


def serving(settings: StreamGatewaySettings) -> Serving:
    """What the settings make to serve."""
    service = create_service(settings)
    return Serving(
        service.app,
        service.health,
        web_sockets=service.web_sockets,
        on_stop=service.gateway.end,
        failure=lambda: service.background.failure,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings or usage."""
    program = Program(SERVICE, __version__, "Stream topics to WebSocket and SSE clients.")
    return run_service(program, arguments, settings=StreamGatewaySettings, documented=documented, create=serving)


if __name__ == "__main__":
    sys.exit(main())
