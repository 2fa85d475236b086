"""Kong's configuration as typed models that refuse unknown fields.

Fields, values and bounds are those of Kong 3.9.3 (kong/plugins/<name>/schema.lua and, for upstreams,
kong/db/schema/entities/upstreams.lua).
Kong reads all of it when it starts and does not start with a wrong one, so this is where one is found before. Only what
the platform sets is modelled.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Method = Literal["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"]


class Plugin(BaseModel):
    """Configuration of one plugin or part, in Kong's own spelling."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    NAME: ClassVar[str]

    def rendered(self) -> dict[str, Any]:
        """As Kong takes it, without what is not set."""
        return self.model_dump(mode="json", exclude_none=True)


class Jwt(Plugin):
    """Refuses requests without a token that is signed by a known key and still valid.

    The key is found by the token's ``kid``, so that a new one can be made known before the old one goes. Tokens in
    addresses would be in every log, so only the header is read.
    """

    NAME = "jwt"
    key_claim_name: Literal["kid"] = "kid"
    claims_to_verify: tuple[Literal["exp", "nbf"], ...] = ("exp",)
    header_names: tuple[str, ...] = ("authorization",)
    uri_param_names: tuple[str, ...] = ()
    cookie_names: tuple[str, ...] = ()
    maximum_expiration: int = Field(ge=0, le=31_536_000, description="seconds for which a token may still be valid")
    run_on_preflight: bool = False

    @model_validator(mode="after")
    def _bounded(self) -> Jwt:
        if self.maximum_expiration and "exp" not in self.claims_to_verify:
            raise ValueError("maximum_expiration needs exp in claims_to_verify")
        return self


class KeyAuth(Plugin):
    """Refuses requests without a key; the key goes no further."""

    NAME = "key-auth"
    key_names: tuple[str, ...] = Field(min_length=1)
    key_in_header: Literal[True] = True
    key_in_query: Literal[False] = False
    key_in_body: Literal[False] = False
    hide_credentials: Literal[True] = True
    run_on_preflight: bool = True


class RateLimiting(Plugin):
    """Counts requests of one value of a header; each replica of Kong counts for itself."""

    NAME = "rate-limiting"
    minute: int = Field(gt=0)
    limit_by: Literal["header"] = "header"
    header_name: str
    policy: Literal["local"] = "local"
    fault_tolerant: bool = True
    hide_client_headers: bool = False


class Cors(Plugin):
    """Lets scripts of named pages call."""

    NAME = "cors"
    origins: tuple[str, ...] = Field(min_length=1)
    methods: tuple[Method, ...] = Field(min_length=1)
    headers: tuple[str, ...]
    credentials: Literal[False] = False
    max_age: int = Field(gt=0, description="seconds for which a browser remembers the answer")

    @model_validator(mode="after")
    def _named(self) -> Cors:
        if any("*" in origin for origin in self.origins):
            raise ValueError("origins are named in full: * lets the scripts of every page call")
        return self


class RequestSize(Plugin):
    """Refuses larger bodies."""

    NAME = "request-size-limiting"
    allowed_payload_size: int = Field(gt=0)
    size_unit: Literal["kilobytes"] = "kilobytes"


class Failing(Plugin):
    """When a server counts as failing."""

    NAME = "unhealthy"
    http_failures: int = Field(ge=0, le=255)
    tcp_failures: int = Field(ge=0, le=255)
    timeouts: int = Field(ge=0, le=255)
    interval: int | None = Field(default=None, ge=1, description="seconds between questions; only if it is asked")


class Working(Plugin):
    """When a failing server counts as working again."""

    NAME = "healthy"
    successes: int = Field(ge=1, le=255)
    interval: int = Field(ge=1, description="seconds between questions")


class Asked(Plugin):
    """Kong asks the server how it is."""

    NAME = "active"
    type: Literal["http"] = "http"
    http_path: str = Field(pattern=r"^/")
    timeout: int = Field(default=2, ge=1, description="seconds")
    healthy: Working
    unhealthy: Failing


class Watched(Plugin):
    """Kong watches what the server answers to callers."""

    NAME = "passive"
    type: Literal["http"] = "http"
    unhealthy: Failing

    @model_validator(mode="after")
    def _unasked(self) -> Watched:
        if self.unhealthy.interval is not None:
            raise ValueError("who is only watched is not asked: interval must not be set")
        return self


class HealthChecks(Plugin):
    """The circuit breaker: a server that fails gets no requests until it answers again."""

    NAME = "healthchecks"
    active: Asked
    passive: Watched
