"""The section of Pulumi.<environment>.yaml about the identity provider whose tokens callers have."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.core.models import Document

PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END PUBLIC KEY-----\n?")
LEAST_BYTES = 290
"""An RSA key of 2,048 bits with its header has 294 bytes, never fewer than these (RFC 5280, SubjectPublicKeyInfo)."""

MOST_KEYS = 4
CLAIM = r"^[A-Za-z][A-Za-z0-9_:./-]{0,99}$"


def _public_key(text: str) -> str:
    found = PEM.fullmatch(text)
    try:
        content = base64.b64decode(found[1].replace("\n", ""), validate=True) if found else b""
    except binascii.Error:
        content = b""
    if not content.startswith(b"\x30"):
        raise ValueError("must be a public key as PEM, from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----")
    if len(content) < LEAST_BYTES:
        raise ValueError("must be an RSA key of 2048 bits or more")
    return text


class SigningKeyConfig(Document):
    """A public key by which tokens of the identity provider are known."""

    algorithm: Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] = Field(description="how it signs")
    public_key: Annotated[str, AfterValidator(_public_key)] = Field(description="the RSA key as PEM")


class PeopleConfig(Document):
    """How people log in at the cluster by the identity provider."""

    client_id: str = Field(
        pattern=r"^[A-Za-z0-9._:/-]+$",
        max_length=200,
        description="the cluster's name there, as tokens have it in `aud`",
    )
    username_claim: str = Field(
        default="email", pattern=CLAIM, description="claim of a token with the name of a person"
    )
    groups_claim: str = Field(default="groups", pattern=CLAIM, description="claim of a token with a person's groups")


class IdentityConfig(Document):
    """The identity provider (OIDC)."""

    issuer: str = Field(
        pattern=r"^https://[a-z0-9.-]+(/[A-Za-z0-9._/-]*)?$",
        max_length=200,
        description="its address, as tokens name it in `iss`",
    )
    audience: str = Field(
        pattern=r"^[A-Za-z0-9._:/-]+$",
        max_length=200,
        description="the platform's name there, as tokens have it in `aud`",
    )
    keys: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,61}[A-Za-z0-9]$")], SigningKeyConfig] = (
        Field(
            min_length=1,
            max_length=MOST_KEYS,
            description="its public keys, by `kid`; a new one is added before the old one goes",
        )
    )
    people: PeopleConfig | None = Field(
        default=None, description="logins of people at a cluster of kind eks; only AWS's roles if null"
    )
