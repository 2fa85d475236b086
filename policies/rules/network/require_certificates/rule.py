from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.edge import GATEWAY, INGRESSES, ISTIO_GATEWAY, has_cloud_certificate
from policies.kinds import Kinds, group_kind
from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import rule

_ENDING: Final = frozenset({None, "SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"})
"""Modes of an Istio gateway that end TLS with a certificate of their own."""


@rule(
    id="NET-029",
    title="Require a certificate for what ends TLS at the edge",
    severity=Severity.MEDIUM,
    topics=("security", "network", "edge", "encryption"),
    applies_to=Kinds(INGRESSES | {GATEWAY, ISTIO_GATEWAY}),
    rationale=(
        "Without a certificate of its own a host is served with the controller's self-signed one, which nobody can"
        " verify, or not at all."
    ),
    remediation=(
        "Name the secret of the certificate: spec.tls[].secretName, listeners[].tls.certificateRefs or"
        " servers[].tls.credentialName; a certificate in the cloud is named by its annotation."
    ),
)
def require_certificates(resource: Resource) -> Iterator[Violation]:
    """One violation for each host, listener or server that ends TLS and names no certificate."""
    kind = group_kind(resource)
    spec = resource.root["spec"]
    if kind == GATEWAY:
        for listener in spec["listeners"].items():
            ends = (
                listener["protocol"].text() in {"HTTPS", "TLS"} and listener.at("tls", "mode").text() != "Passthrough"
            )
            if ends and not listener.at("tls", "certificateRefs").items():
                path = listener.at("tls", "certificateRefs").path
                yield Violation(path, "the listener ends TLS and has no certificate")
    elif kind == ISTIO_GATEWAY:
        for server in spec["servers"].items():
            secure = (server.at("port", "protocol").text() or "").upper() in {"HTTPS", "TLS"}
            if secure and server.at("tls", "mode").text() in _ENDING and not _named(server["tls"]):
                yield Violation(server["tls"].path, "the server ends TLS and has no certificate")
    elif not has_cloud_certificate(resource):
        for entry in spec["tls"].items():
            hosts = [host.text() or "" for host in entry["hosts"].items()]
            # An entry without hosts asks for the certificate that the controller was given.
            if hosts and not entry["secretName"].text():
                yield Violation(entry["secretName"].path, f"no secret holds the certificate of {', '.join(hosts)}")


def _named(tls: Node) -> bool:
    single = any(tls[name].text() for name in ("credentialName", "serverCertificate"))
    return single or bool(tls["credentialNames"].items())
