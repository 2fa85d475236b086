"""How a port of a workload is reached from outside: declared once, beside the port."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from infra.core.models import Args

RoutePath = Annotated[str, StringConstraints(pattern=r"^/[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$", max_length=200)]
"""A path of words in lower case, without a slash at its end."""

Origin = Annotated[str, StringConstraints(pattern=r"^https://[a-z0-9.-]+(:[0-9]{1,5})?$", max_length=260)]
"""Where a page comes from whose scripts may call (Fetch standard, "CORS protocol"): no pattern and never everybody."""

SECONDS_OF_A_SOCKET = 60
"""A WebSocket is closed when nothing passes for as long; both sides send pings more often than that."""


class Route(Args):
    """A path of the platform's public host that leads to a port.

    Who calls must have a token of the identity provider. Requests are counted for each token, over a minute.
    """

    path: RoutePath = Field(description="path, with all below it")
    upstream_path: RoutePath | None = Field(default=None, description="path at the workload; the same when left out")
    auth: Literal["jwt"] = "jwt"
    requests_per_minute: int = Field(ge=1, le=1_000_000, description="requests of one token in a minute")
    body_kilobytes: int = Field(default=64, ge=1, le=100_000, description="largest body, thousands of bytes")
    origins: tuple[Origin, ...] = Field(default=(), max_length=50, description="pages whose scripts may call it")
    methods: tuple[Literal["GET", "POST", "PUT", "PATCH", "DELETE"], ...] = Field(min_length=1)
    websocket: bool = Field(default=False, description="whether connections stay open")
    timeout_seconds: int = Field(default=30, ge=1, le=300, description="longest pause of an answer")

    @model_validator(mode="after")
    def _consistent(self) -> Route:
        if self.websocket and self.methods != ("GET",):
            raise ValueError(f"route {self.path} is a WebSocket, which begins with a GET: its methods must be (GET)")
        if self.websocket and self.timeout_seconds < SECONDS_OF_A_SOCKET:
            limit = f"timeout_seconds must be {SECONDS_OF_A_SOCKET} or more, since pings may be as far apart"
            raise ValueError(f"route {self.path} is a WebSocket: {limit}")
        return self
