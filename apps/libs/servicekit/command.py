"""The command line of every service: serve until told to stop, or print the OpenAPI document."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fastapi import FastAPI

from servicekit.health import Health
from servicekit.program import Program
from servicekit.server import ListenError, serve
from servicekit.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True)
class Serving:
    """A service that is ready to be served.

    Attributes:
        app: the application.
        health: turns not ready when the stop is asked for.
        web_sockets: makes the protocol of a connection that asks to become a WebSocket; none may by default.
        on_stop: called once the drain is over, for answers that would never end by themselves.
        failure: why it ended itself, asked for at the end; None where it was told to end. The log has said it by then.
    """

    app: FastAPI
    health: Health
    web_sockets: Callable[..., asyncio.Protocol] | None = None
    on_stop: Callable[[], None] = lambda: None
    failure: Callable[[], BaseException | None] = lambda: None


def run_service(
    program: Program,
    arguments: Sequence[str] | None,
    *,
    settings: type[S],
    documented: Callable[[], FastAPI],
    create: Callable[[S], Serving],
) -> int:
    """Run a service's command line.

    Args:
        program: the service.
        arguments: of the command line; the process's own by default.
        settings: the class that the environment fills.
        documented: makes the application of the OpenAPI document, which depends on no setting.
        create: makes the service; opens no connection.

    Returns:
        The exit code: 0 done; 1 it cannot listen, or ended itself, since a new process can do what this one no longer
        can; 2 wrong settings or usage.
    """
    parser = program.parser()
    parser.add_argument("--openapi", action="store_true", help="print the OpenAPI document and exit")
    if parser.parse_args(arguments).openapi:
        sys.stdout.write(json.dumps(documented().openapi(), indent=2, sort_keys=True) + "\n")
        return 0

    def work() -> int:
        loaded = program.start(settings)
        service = create(loaded)
        serve(service.app, loaded, service.health, web_sockets=service.web_sockets, on_stop=service.on_stop)
        return 0 if service.failure() is None else 1

    return program.end(work, ListenError)
