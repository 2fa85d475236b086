"""A cap on what callers send: a body over it is refused before it is held in memory."""

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.errors import Problem, ProblemResponse

DEFAULT_BYTES = 1 << 20

_TITLES = {400: "Bad Request", 413: "Content Too Large"}


class BodyCapMiddleware:
    """Refuses a request with 413 by its declared length, or once more has come than is allowed.

    One whose length is told in two ways is refused with 400.
    """

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        """Wrap an application."""
        self._app, self._most = app, most_bytes
        self._detail = f"The body may have at most {most_bytes} bytes."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers and "content-length" in headers:
            # RFC 9112, 6.1: one of them may be there to make a proxy and this server disagree where the body ends.
            both = "A request has either Content-Length or Transfer-Encoding, and not both."
            await _refuse(400, both, scope, receive, send)
            return
        if length.isdecimal() and int(length) > self._most:
            await _refuse(413, self._detail, scope, receive, send)
            return
        came = 0

        async def count() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._most:
                # This one passes through the framework's reading of the body, which hides every other kind.
                raise HTTPException(413, self._detail, headers={"connection": "close"})
            return message

        await self._app(scope, count, send)


async def _refuse(status: int, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
    problem = Problem(title=_TITLES[status], status=status, detail=detail, instance=scope["path"])
    # What of the body is still to come is not read: the connection cannot be used again.
    await ProblemResponse(problem, {"connection": "close"})(scope, receive, send)


def setup_body_cap(app: FastAPI, most_bytes: int = DEFAULT_BYTES) -> None:
    """Refuse bodies over ``most_bytes``; call it before ``setup_metrics`` and ``setup_requests``, which then see it."""
    app.add_middleware(BodyCapMiddleware, most_bytes=most_bytes)
