from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import group_kind, kinds
from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import rule

_INGRESS: Final = ("networking.k8s.io", "Ingress")
_OLD_INGRESS: Final = ("extensions", "Ingress")
_GATEWAY: Final = ("gateway.networking.k8s.io", "Gateway")
_ISTIO_GATEWAY: Final = ("networking.istio.io", "Gateway")

_CERTIFICATES: Final = (
    "alb.ingress.kubernetes.io/certificate-arn",
    "networking.gke.io/managed-certificates",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
)
"""Annotations by which a load balancer of a cloud finds its certificate outside the cluster."""

_PLAIN: Final = {
    "nginx.ingress.kubernetes.io/ssl-redirect": "false",
    "nginx.ingress.kubernetes.io/force-ssl-redirect": "false",
    "kubernetes.io/ingress.allow-http": "true",
    "konghq.com/protocols": "http",
}
"""Annotations, with the value, that let plain HTTP through to the service."""

_OLD_VERSIONS: Final = frozenset({"TLSV1_0", "TLSV1_1"})


@rule(
    id="NET-011",
    title="Require TLS with a certificate for each host at the edge",
    severity=Severity.HIGH,
    topics=("security", "network", "edge", "encryption"),
    frameworks=("pci-dss-4.0:4.2.1",),
    applies_to=kinds(_INGRESS, _OLD_INGRESS, _GATEWAY, _ISTIO_GATEWAY),
    rationale=(
        "Tokens and market data cross networks that are not ours. A host outside the list under tls is served in plain"
        " text, or with the controller's self-signed certificate, which teaches people to click warnings away."
    ),
    remediation=(
        "List each host under spec.tls with the secret of its certificate; serve HTTP only to redirect (httpsRedirect),"
        " and TLS 1.2 or later."
    ),
)
def require_edge_tls(resource: Resource) -> Iterator[Violation]:
    """One violation for each host, listener or setting that serves plain HTTP, no certificate or old TLS."""
    kind = group_kind(resource)
    if kind == _GATEWAY:
        yield from _gateway(resource.root["spec"])
    elif kind == _ISTIO_GATEWAY:
        for server in resource.root.at("spec", "servers").items():
            yield from _server(server)
    else:
        yield from _ingress(resource)


def _ingress(resource: Resource) -> Iterator[Violation]:
    spec, annotations = resource.root["spec"], resource.root.at("metadata", "annotations")
    for key, value in _PLAIN.items():
        if annotations[key].text() == value:
            yield Violation(annotations[key].path, f"the annotation {key} lets plain HTTP through")
    outside = any(annotations[key].text() for key in _CERTIFICATES)
    entries = spec["tls"].items()
    if not entries:
        if not outside:
            yield Violation(spec["tls"].path, "the Ingress has no TLS")
        return
    covered: list[str] = []
    everything = False
    for entry in entries:
        hosts = [host.text() or "" for host in entry["hosts"].items()]
        # Without hosts the entry means every host, with the certificate that the controller was given.
        everything = everything or not hosts
        covered += hosts
        if hosts and not entry["secretName"].text() and not outside:
            yield Violation(entry["secretName"].path, f"no secret holds the certificate of {', '.join(hosts)}")
    for item in spec["rules"].items():
        host = item["host"].text()
        if host and not everything and not any(_covers(name, host) for name in covered):
            yield Violation(item["host"].path, f"the host {host} is in no entry of spec.tls")


def _covers(name: str, host: str) -> bool:
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])


def _gateway(spec: Node) -> Iterator[Violation]:
    listeners = spec["listeners"].items()
    secure = [it for it in listeners if it["protocol"].text() in {"HTTPS", "TLS"}]
    for listener in listeners:
        # A listener for HTTP beside one for HTTPS is there for the redirect.
        if listener["protocol"].text() == "HTTP" and not secure:
            yield Violation(listener["protocol"].path, "the Gateway serves plain HTTP and has no HTTPS listener")
    for listener in secure:
        tls = listener["tls"]
        if tls["mode"].text() in {None, "Terminate"} and not tls["certificateRefs"].items():
            yield Violation(tls["certificateRefs"].path, "the listener ends TLS and has no certificate")


def _server(server: Node) -> Iterator[Violation]:
    protocol, tls = server.at("port", "protocol"), server["tls"]
    match (protocol.text() or "").upper():
        case "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB":
            if not tls["httpsRedirect"].boolean():
                yield Violation(protocol.path, f"the server takes {protocol.text()} and does not redirect to HTTPS")
        case "HTTPS" | "TLS":
            mode = tls["mode"].text()
            if mode in {None, "SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"} and not _certificate(tls):
                yield Violation(tls.path, "the server ends TLS and has no certificate")
    if tls["minProtocolVersion"].text() in _OLD_VERSIONS:
        version = tls["minProtocolVersion"]
        yield Violation(version.path, f"the server accepts {version.text()}, which is broken")


def _certificate(tls: Node) -> bool:
    single = any(tls[name].text() for name in ("credentialName", "serverCertificate"))
    return single or bool(tls["credentialNames"].items())
