"""Serving an application so that stopping it loses no request."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.connections import HttpConnection
from servicekit.health import Health
from servicekit.logs import get_logger
from servicekit.settings import ServiceSettings, load_settings
from servicekit.telemetry_settings import TelemetrySettings

logger = get_logger(__name__)


class ListenError(Exception):
    """The address cannot be listened on; the message names it, the cause and the fix."""

    exit_code = 1


class DrainMiddleware:
    """While stopping, asks clients to close kept-alive connections, so that none is cut between two requests."""

    def __init__(self, app: ASGIApp, health: Health) -> None:
        """Wrap an application."""
        self._app = app
        self._health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def ask_to_close(message: Message) -> None:
            if message["type"] == "http.response.start" and self._health.stopping:
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self._app(scope, receive, ask_to_close if scope["type"] == "http" else send)


class GracefulServer(uvicorn.Server):
    """A uvicorn server that drains first.

    On SIGTERM or SIGINT: readiness turns false, requests are served for ``drain_seconds`` more (the time that load
    balancers need to notice), then no connection is accepted and those in flight get ``stop_seconds``. A second
    signal ends the drain at once.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        health: Health,
        drain_seconds: float,
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        """Serve by a configuration whose ``timeout_graceful_shutdown`` is the time to end requests in flight.

        ``on_stop`` is called once the drain is over, for answers that would never end by themselves.
        """
        super().__init__(config)
        self._health = health
        self._on_stop = on_stop
        self._drain_seconds = drain_seconds
        self._stop_at: float | None = None
        self._unlogged: signal.Signals | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; called by the signal.

        The signal is not handed to uvicorn, which would raise it again at the end: an orderly stop exits with 0.
        Nothing is logged here: the signal may have interrupted the writing of another line.
        """
        del frame
        if self._stop_at is None:
            self._health.stop()
            self._stop_at = time.monotonic() + self._drain_seconds
            self._unlogged = signal.Signals(sig)
        else:
            self.force_exit = self.should_exit
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop accepting connections; uvicorn asks ten times a second."""
        if self._unlogged is not None:
            logger.info("stopping", signal=self._unlogged.name, drain_seconds=self._drain_seconds)
            self._unlogged = None
        if self._stop_at is not None and time.monotonic() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no connection any more, end those that there are, then the application."""
        self._on_stop()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections, and say where."""
        await super().startup(sockets)
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            logger.info("listening", host=host, port=port)


def setup_drain(app: FastAPI, health: Health) -> None:
    """Make an application close kept-alive connections while it is stopping."""
    app.add_middleware(DrainMiddleware, health=health)


def serve(
    app: FastAPI,
    settings: ServiceSettings,
    health: Health,
    *,
    web_sockets: Callable[..., asyncio.Protocol] | None = None,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Serve an application until it is told to stop; logging must be set up.

    Spans are sent meanwhile where the variables ``OTEL_...`` name a collector.

    Args:
        app: the application.
        settings: where to listen, and how long a stop may take.
        health: turns not ready when the stop is asked for.
        web_sockets: makes the protocol of a connection that asks to become a WebSocket; none may by default.
        on_stop: called once the drain is over, before connections are closed.

    Raises:
        ListenError: the address cannot be listened on.
        SettingsError: a variable of OpenTelemetry is wrong.
    """
    told = load_settings(TelemetrySettings)
    listener = _listen(settings.listen_host, settings.listen_port)
    upgrade: Any = web_sockets or "none"
    config = uvicorn.Config(
        app,
        http=HttpConnection,
        ws=upgrade,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    server = GracefulServer(config, health=health, drain_seconds=settings.drain_seconds, on_stop=on_stop)
    with _sending(told, app, settings):
        server.run([listener])


def _sending(told: TelemetrySettings, app: FastAPI, settings: ServiceSettings) -> AbstractContextManager[None]:
    if told.traces_endpoint is None:
        return nullcontext()
    # What sends is a sixth of a second of imports: whoever sends nothing starts without it.
    from servicekit.telemetry import FLUSH_SECONDS, telemetry  # noqa: PLC0415

    left = settings.grace_seconds - settings.drain_seconds - settings.stop_seconds
    return telemetry(
        told.traces_endpoint,
        told,
        service=app.title,
        version=app.version,
        # Half of what is left until the kill: the process has to end as well.
        flush_seconds=min(FLUSH_SECONDS, left / 2),
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        # Named, since asyncio turns Nagle's algorithm off only where it is: an answer is written in two parts, and the
        # second would wait for the acknowledgement of the first, which clients delay by 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise ListenError(
            f"cannot listen on {host}:{port}: {error.strerror}; set an address of this machine"
        ) from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ListenError(
            f"cannot listen on {host}:{port}: {error.strerror}; stop what uses it or set another port"
        ) from error
    return listener
