"""Custom resources of cert-manager, as typed models that refuse unknown fields.

Fields and names are those of the CRDs of cert-manager 1.21.1, which stand in infra/catalog/crds/cert-manager-1.21.1; a
test validates what is rendered against those very schemas. Only what the platform sets is modelled.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from infra.core.models import ManifestPart

API_VERSION = "cert-manager.io/v1"


class SelfSigned(ManifestPart):
    """An issuer whose certificates sign themselves; only a root is made this way."""


class CertificateAuthority(ManifestPart):
    """An issuer that signs with the key of an authority's Secret."""

    secret_name: str


class IssuerSpec(ManifestPart):
    """One issuer, of exactly one kind."""

    self_signed: SelfSigned | None = None
    ca: CertificateAuthority | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> IssuerSpec:
        if (self.self_signed is None) == (self.ca is None):
            raise ValueError("an issuer is either selfSigned or a ca: set exactly one of them")
        return self


class IssuerRef(ManifestPart):
    """The issuer of a certificate: in its own namespace, or one of the cluster."""

    name: str
    kind: Literal["Issuer", "ClusterIssuer"] = "Issuer"
    group: Literal["cert-manager.io"] = "cert-manager.io"


class PrivateKey(ManifestPart):
    """The key of a certificate, made anew with each certificate."""

    algorithm: Literal["ECDSA"] = "ECDSA"
    size: Literal[256, 384] = 256
    rotation_policy: Literal["Always"] = "Always"


class CertificateSpec(ManifestPart):
    """One certificate and the Secret that holds it."""

    secret_name: str
    common_name: str | None = Field(default=None, max_length=64, description="X.509 allows 64 characters (RFC 5280)")
    dns_names: tuple[str, ...] | None = None
    is_ca: bool = Field(default=False, alias="isCA")
    duration: str = Field(pattern=r"^[0-9]+h0m0s$", description="validity, as Go writes it")
    renew_before: str = Field(pattern=r"^[0-9]+h0m0s$", description="how long before its end it is renewed")
    private_key: PrivateKey = PrivateKey()
    usages: tuple[Literal["server auth", "digital signature", "cert sign", "crl sign"], ...]
    issuer_ref: IssuerRef

    @model_validator(mode="after")
    def _consistent(self) -> CertificateSpec:
        if not (self.common_name or self.dns_names):
            raise ValueError("a certificate is for somebody: set common_name or dns_names")
        if hours(self.renew_before) >= hours(self.duration):
            raise ValueError(f"renew_before {self.renew_before} must be shorter than duration {self.duration}")
        return self


def hours(duration: str) -> int:
    """Hours of a duration as the certificates here write it."""
    return int(duration.partition("h")[0])
