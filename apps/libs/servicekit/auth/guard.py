"""The door of a service's API: authenticates, asks for a role, counts calls; everything else is refused."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import HTTPException, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from servicekit.auth.limits import RateLimiter
from servicekit.auth.principal import Principal
from servicekit.auth.refusal import Refused
from servicekit.auth.verify import Authenticator, bearer
from servicekit.errors import Problem

_MEANINGS: Mapping[int, str] = {
    400: "The request cannot be read",
    401: "No token, or one that is not valid",
    403: "The token does not allow this",
    404: "There is no such thing",
    409: "It does not fit what is there",
    413: "The body is too large",
    415: "The body is of another type",
    422: "The request is not valid",
    429: "Too many requests of this principal",
    503: "Something that is needed is missing right now",
}

PROBLEMS = (401, 403, 429, 503)
"""What every guarded route may answer."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: these refusals, besides those of every guarded route, as problem details."""
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {"application/problem+json": {"schema": _problem_schema()}},
        }
        for status in sorted({*PROBLEMS, *statuses})
    }


def _problem_schema() -> dict[str, Any]:
    """The schema of a problem in one piece: inside an OpenAPI document a reference to `$defs` leads nowhere."""
    schema = Problem.model_json_schema()
    field = schema.pop("$defs")["InvalidField"]
    listed = next(each for each in schema["properties"]["errors"]["anyOf"] if each["type"] == "array")
    listed["items"] = field
    return schema


class Guard:
    """Lets in who has a valid token with one of some roles, as often as a limit allows."""

    def __init__(
        self, authenticator: Authenticator, *, roles: frozenset[str], limiter: RateLimiter | None = None
    ) -> None:
        """Guard with an authenticator; an empty set of roles would let nobody in and is refused."""
        if not roles:
            raise ValueError("roles: at least one must be allowed in")
        self._authenticator, self._roles, self._limiter = authenticator, roles, limiter

    async def admit(self, token: str | None) -> Principal:
        """The caller, for doors that are no HTTP route.

        Raises:
            Refused: it may not come in; 429 where it came too often.
        """
        principal = await self._authenticator.authenticate(token)
        if not principal.roles & self._roles:
            raise Refused(403, "insufficient_scope", f"one of the roles {', '.join(sorted(self._roles))} is needed")
        if self._limiter and (wait := self._limiter.take(principal.subject)):
            raise TooMany(wait)
        return principal

    async def admit_connection(self, connection: HTTPConnection) -> Principal:
        """The caller of a connection by its `Authorization` header.

        Raises:
            Refused: it may not come in.
        """
        given = connection.headers.getlist("authorization")
        if len(given) > 1:
            # A proxy may have judged by the other.
            raise Refused(401, "invalid_request", f"{len(given)} Authorization headers; send one")
        return await self.admit(bearer(given[0] if given else None))


class TooMany(Refused):
    """A caller came too often."""

    def __init__(self, retry_after: int) -> None:
        """Say when to come again, in seconds."""
        super().__init__(429, None, f"too many requests; come again in {retry_after} s")
        self.retry_after = retry_after


def requires(
    authenticator: Authenticator, *, roles: frozenset[str], limiter: RateLimiter | None = None
) -> Callable[..., Awaitable[Principal]]:
    """A FastAPI dependency that gives the caller, or answers 401, 403, 429 or 503 with problem details.

    Use it as ``caller: Annotated[Principal, Depends(requires(...))]``, with ``responses=problems(...)`` on the route.
    """
    return _Door(Guard(authenticator, roles=roles, limiter=limiter))


class _Door(SecurityBase):
    """A guard as a dependency that is also its description: two of them would be resolved with each request."""

    def __init__(self, guard: Guard) -> None:
        self.model = HTTPBearer(bearerFormat="JWT", description="A token of the platform's identity provider.")
        self.scheme_name = "HTTPBearer"
        self._guard = guard

    async def __call__(self, request: Request) -> Principal:
        try:
            return await self._guard.admit_connection(request)
        except Refused as refusal:
            raise HTTPException(refusal.status, refusal.reason, headers=headers_of(refusal)) from refusal


def headers_of(refusal: Refused) -> dict[str, str]:
    """The headers that go with a refusal."""
    if isinstance(refusal, TooMany):
        return {"Retry-After": str(refusal.retry_after)}
    if refusal.status == 503:
        return {"Retry-After": "1"}
    # Another token changes nothing where there is no such thing, or there are too many.
    return {"WWW-Authenticate": refusal.challenge} if refusal.status in (401, 403) else {}
