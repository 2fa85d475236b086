"""Errors as RFC 9457 problem details: one shape for every refusal, with nothing of the inside in it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.logs import get_logger

logger = get_logger(__name__)


class InvalidField(BaseModel):
    """One part of a request that is not valid; its value is not repeated, since it may be a secret."""

    model_config = ConfigDict(frozen=True)

    location: str = Field(description="Where: `query.limit`, `body.name`.")
    message: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """Problem details (RFC 9457), served as `application/problem+json`."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(default="about:blank", description="URI of the kind of problem.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status.")
    detail: str | None = Field(default=None, description="What happened this time.")
    instance: str | None = Field(default=None, description="The path that was asked for.")
    errors: list[InvalidField] | None = Field(default=None, description="The parts that are not valid.")


class ProblemResponse(JSONResponse):
    """A problem as an HTTP response."""

    media_type = "application/problem+json"

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        """Answer with the problem's own status."""
        super().__init__(problem.model_dump(exclude_none=True), status_code=problem.status, headers=headers)


class UnhandledErrorMiddleware:
    """Turns an exception nobody expected into a logged 500, as long as no answer has begun."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def note_start(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except Exception:
            logger.exception("a request failed")
            if begun:
                raise
            problem = _problem(500, "The request failed; the service's log says why.", scope["path"])
            await ProblemResponse(problem)(scope, receive, send)


def setup_errors(app: FastAPI) -> None:
    """Answer every error of an application with problem details."""
    app.add_middleware(UnhandledErrorMiddleware)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> ProblemResponse:
        phrase = _phrase(error.status_code)
        detail = None if error.detail == phrase else str(error.detail)
        return ProblemResponse(_problem(error.status_code, detail, request.url.path), error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> ProblemResponse:
        fields = [_invalid_field(details) for details in error.errors()]
        problem = _problem(422, "The request is not valid.", request.url.path)
        return ProblemResponse(problem.model_copy(update={"errors": fields}))


def _problem(status: int, detail: str | None, path: str) -> Problem:
    return Problem(title=_phrase(status), status=status, detail=detail, instance=path)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _invalid_field(details: Mapping[str, Any]) -> InvalidField:
    return InvalidField(location=".".join(str(part) for part in details["loc"]), message=details["msg"])
