"""Kong's configuration as typed models that refuse unknown fields.

Fields, values and bounds of plugins are those of Kong 3.9.3 (kong/plugins/<name>/schema.lua); the CRD of KongPlugin
takes any configuration, so this is where a wrong one is found. Those of KongUpstreamPolicy are of its CRD, against
which a test validates what is rendered. Only what the platform sets is modelled.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

PLUGIN_API = "configuration.konghq.com/v1"
POLICY_API = "configuration.konghq.com/v1beta1"
Method = Literal["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"]


class Plugin(BaseModel):
    """Configuration of one plugin, in Kong's own spelling."""

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


class Model(BaseModel):
    """Base of what the CRD describes: rendered in camelCase."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)

    def rendered(self) -> dict[str, Any]:
        """As the API server takes it, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Failing(Model):
    """When a pod counts as failing."""

    http_failures: int = Field(ge=0)
    tcp_failures: int = Field(ge=0)
    timeouts: int = Field(ge=0)
    interval: int | None = Field(default=None, ge=1, description="seconds between questions; only if it is asked")


class Working(Model):
    """When a failing pod counts as working again."""

    successes: int = Field(ge=1)
    interval: int = Field(ge=1, description="seconds between questions")


class Asked(Model):
    """Kong asks each pod how it is."""

    type: Literal["http"] = "http"
    http_path: str = Field(pattern=r"^/")
    timeout: int = Field(default=2, ge=1, description="seconds")
    healthy: Working
    unhealthy: Failing


class Watched(Model):
    """Kong watches what each pod answers to callers."""

    type: Literal["http"] = "http"
    unhealthy: Failing

    @model_validator(mode="after")
    def _unasked(self) -> Watched:
        if self.unhealthy.interval is not None:
            raise ValueError("who is only watched is not asked: interval must not be set")
        return self


class HealthChecks(Model):
    """The circuit breaker: a pod that fails is left out until it answers again."""

    active: Asked
    passive: Watched


class UpstreamPolicySpec(Model):
    """How requests are spread over the pods of a Service."""

    algorithm: Literal["round-robin", "least-connections"]
    healthchecks: HealthChecks
