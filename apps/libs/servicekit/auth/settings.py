"""Settings of who may call: the issuers whose tokens count, and where their keys are."""

import re
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

ASYMMETRIC = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
SYMMETRIC = frozenset({"HS256"})
"""Allowed only with a key file: a key that checks tokens makes them as well."""

_SERVICE_ACCOUNT = re.compile(
    r"system:serviceaccount:[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?:[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
)
"""Both names are those of DNS; the account's own may have dots."""

_PRIVATE = ("localhost", "127.0.0.1", "::1")
_CLUSTER = (".svc", ".svc.cluster.local")


class AuthSettings(BaseModel):
    """Whose tokens are accepted, and how this service shows who it is to others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(
        min_length=1, description="The tokens' `iss`, to the letter.", examples=["https://identity.local"]
    )
    audience: str = Field(min_length=1, description="What their `aud` must hold.", examples=["analytics-platform"])
    jwks_url: str | None = Field(default=None, description="URL of the issuer's keys (JWKS); this or jwks_file.")
    jwks_file: Path | None = Field(default=None, description="File of the issuer's keys (JWKS); this or jwks_url.")
    algorithms: str = Field(
        default="RS256,ES256",
        description="Comma-separated signature algorithms that count; HS256 only with a jwks_file of `oct` keys.",
    )
    leeway_seconds: float = Field(default=30.0, ge=0, le=300, description="How far clocks may differ.")
    token_file: Path | None = Field(
        default=None, description="File with this service's own token for calls to others; read again when it changes."
    )
    workloads_api_url: str | None = Field(
        default=None,
        description="URL of the API server whose service accounts' tokens count as well; then set all of workloads_*.",
        examples=["https://kubernetes.default.svc"],
    )
    workloads_ca_file: Path | None = Field(default=None, description="PEM file of the API server's authority.")
    workloads_token_file: Path | None = Field(
        default=None, description="File with the token that this service shows the API server, whose keys it asks for."
    )
    workloads_audience: str | None = Field(
        default=None,
        min_length=1,
        description="What the `aud` of workloads' tokens must hold.",
        examples=["analytics-platform"],
    )
    workloads_subjects: str | None = Field(
        default=None,
        description="Comma-separated service accounts that may call.",
        examples=["system:serviceaccount:platform-serving:prediction-consumer"],
    )

    @field_validator("algorithms")
    @classmethod
    def _must_be_algorithms_that_count(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",")]
        for name in names:
            if name not in ASYMMETRIC | SYMMETRIC:
                known = ", ".join(sorted(ASYMMETRIC | SYMMETRIC))
                raise ValueError(f"{name!r} is no algorithm that counts; there are {known}")
        return ",".join(names)

    @field_validator("jwks_url")
    @classmethod
    def _must_be_a_url_that_cannot_be_forged(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        host = parts.hostname or ""
        inside = host in _PRIVATE or host.endswith(_CLUSTER)
        if not host or not (parts.scheme == "https" or (parts.scheme == "http" and inside)):
            raise ValueError(
                f"{value!r}: https://..., or http:// to this machine or a Service (<name>.<namespace>.svc), where the "
                "mesh encrypts"
            )
        return value

    @field_validator("workloads_api_url")
    @classmethod
    def _must_be_an_api_server(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://unset")
        if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"{value!r}: https://<host>[:<port>], and no path: the API server has its own")
        return value

    @field_validator("workloads_subjects")
    @classmethod
    def _must_be_service_accounts(cls, value: str | None) -> str | None:
        for name in () if value is None else value.split(","):
            if not _SERVICE_ACCOUNT.fullmatch(name):
                raise ValueError(f"{name!r} is no service account: system:serviceaccount:<namespace>:<name>")
        return value

    @model_validator(mode="after")
    def _workloads_are_trusted_as_a_whole(self) -> Self:
        fields = {name: getattr(self, name) for name in type(self).model_fields if name.startswith("workloads_")}
        missing = [name for name, value in fields.items() if value is None]
        if missing and len(missing) < len(fields):
            raise ValueError(f"{', '.join(missing)}: set all of {', '.join(fields)}, or none")
        return self

    @model_validator(mode="after")
    def _keys_come_from_one_place(self) -> Self:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("set one of jwks_url and jwks_file")
        if self.symmetric and self.jwks_file is None:
            raise ValueError("algorithms has HS256, which needs a jwks_file: its key makes tokens and is never served")
        return self

    @property
    def accepted(self) -> frozenset[str]:
        """The algorithms as a set."""
        return frozenset(self.algorithms.split(","))

    @property
    def symmetric(self) -> bool:
        """Whether tokens may be signed with a shared key."""
        return bool(self.accepted & SYMMETRIC)

    @property
    def workload_subjects(self) -> frozenset[str]:
        """The service accounts as a set; empty where the cluster's tokens do not count."""
        return frozenset(self.workloads_subjects.split(",") if self.workloads_subjects else ())
