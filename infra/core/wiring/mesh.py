"""Istio's objects: who may open a connection to whom, by identity instead of address (docs/adr/0006).

Only layer 4 is used (identities and ports), which the ambient mesh's node proxy enforces without a sidecar.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.core.names import dns_label
from infra.core.wiring.edges import Edge, External, Party

Manifest = dict[str, Any]
DATAPLANE = {"istio.io/dataplane-mode": "ambient"}
"""Label that takes the pods of a namespace into the mesh (Istio, "Add workloads to the mesh")."""

CALLED_DIRECTLY = {"ambient.istio.io/bypass-inbound-capture": "true"}
"""Annotation of a pod that is in the mesh with what it sends, and called past it by callers in no mesh (Istio API
1.31.1, annotation/annotations.yaml). It opens no port of the mesh, and NetworkPolicies hold as before."""

SECURITY = "security.istio.io/v1"
NETWORKING = "networking.istio.io/v1"


def authorization(server: Party, edges: Sequence[Edge]) -> Manifest:
    """Lets the declared clients of a server in, each on its ports; the same clients of several ports share a rule."""
    clients: dict[int, set[str]] = {}
    for edge in edges:
        clients.setdefault(edge.offer.port, set()).add(edge.client.principal)
    ports: dict[tuple[str, ...], list[int]] = {}
    for port, principals in sorted(clients.items()):
        ports.setdefault(tuple(sorted(principals)), []).append(port)
    rules = [
        {
            "from": [{"source": {"principals": list(principals)}}],
            "to": [{"operation": {"ports": [str(port) for port in numbers]}}],
        }
        for principals, numbers in ports.items()
    ]
    spec = {"selector": {"matchLabels": dict(server.selector)}, "action": "ALLOW", "rules": rules}
    return _manifest(SECURITY, "AuthorizationPolicy", dns_label(server.name, "callers"), server.namespace, spec)


def deny_all(namespace: str) -> Manifest:
    """Refuses every connection to every pod that no other policy allows (Istio, AuthorizationPolicy: allow-nothing)."""
    return _manifest(SECURITY, "AuthorizationPolicy", "default-deny", namespace, {})


def strict_mtls(namespace: str) -> Manifest:
    """Refuses connections to pods that are not encrypted and authenticated by the mesh."""
    return _manifest(SECURITY, "PeerAuthentication", "default", namespace, {"mtls": {"mode": "STRICT"}})


def service_entry(namespace: str, host: str, targets: Sequence[External]) -> Manifest:
    """Tells the mesh of a host outside, for the clients of one namespace only; all targets are of that host."""
    ports = [
        {"name": f"{target.protocol.lower()}-{target.port}", "number": target.port, "protocol": target.protocol}
        for target in targets
    ]
    spec = {"hosts": [host], "ports": ports, "location": "MESH_EXTERNAL", "exportTo": ["."], **targets[0].place()}
    return _manifest(NETWORKING, "ServiceEntry", dns_label("outside", host), namespace, spec)


def _manifest(api_version: str, kind: str, name: str, namespace: str, spec: Manifest) -> Manifest:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}
