from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.edge import GATEWAY, INGRESSES, ISTIO_GATEWAY, has_cloud_certificate
from policies.kinds import Kinds, group_kind
from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import rule

_OLD_VERSIONS: Final = frozenset({"TLSV1_0", "TLSV1_1"})
_PLAIN_PROTOCOLS: Final = frozenset({"HTTP", "HTTP2", "GRPC", "GRPC-WEB"})


@rule(
    id="NET-011",
    title="Require TLS at the edge",
    severity=Severity.HIGH,
    topics=("security", "network", "edge", "encryption"),
    frameworks=("pci-dss-4.0:4.2.1",),
    applies_to=Kinds(INGRESSES | {GATEWAY, ISTIO_GATEWAY}),
    rationale=(
        "Tokens and market data cross networks that are not ours; who listens on the way reads what is sent in plain"
        " text, and old versions of TLS are as good as that."
    ),
    remediation="Set spec.tls; serve HTTP only to redirect (httpsRedirect: true), and TLS 1.2 or later.",
)
def require_edge_tls(resource: Resource) -> Iterator[Violation]:
    """One violation for each listener or setting by which plain HTTP or old TLS is served."""
    kind = group_kind(resource)
    spec = resource.root["spec"]
    if kind == GATEWAY:
        protocols = [listener["protocol"] for listener in spec["listeners"].items()]
        # A listener for HTTP beside one for HTTPS is there for the redirect.
        if not any(protocol.text() in {"HTTPS", "TLS"} for protocol in protocols):
            for protocol in protocols:
                if protocol.text() == "HTTP":
                    yield Violation(protocol.path, "the Gateway serves plain HTTP and has no HTTPS listener")
    elif kind == ISTIO_GATEWAY:
        for server in spec["servers"].items():
            yield from _server(server)
    elif not spec["tls"].items() and not has_cloud_certificate(resource):
        yield Violation(spec["tls"].path, "the Ingress has no TLS")


def _server(server: Node) -> Iterator[Violation]:
    protocol, tls = server.at("port", "protocol"), server["tls"]
    if (protocol.text() or "").upper() in _PLAIN_PROTOCOLS and not tls["httpsRedirect"].boolean():
        yield Violation(protocol.path, f"the server takes {protocol.text()} and does not redirect to HTTPS")
    version = tls["minProtocolVersion"]
    if version.text() in _OLD_VERSIONS:
        yield Violation(version.path, f"the server accepts {version.text()}, which is broken")
