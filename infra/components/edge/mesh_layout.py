"""What the mesh consists of: manifests from the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.core.labels import Ownership, object_labels
from infra.core.wiring import Wiring
from infra.core.wiring.mesh import authorization, deny_all, service_entry, strict_mtls

Manifest = dict[str, Any]
DEFINITIONS = (
    "istio-1.31.1/authorizationpolicy.json",
    "istio-1.31.1/peerauthentication.json",
    "istio-1.31.1/serviceentry.json",
)
"""Files under infra/catalog/crds with the kinds of Istio that the wiring uses."""

COMPONENT = "mesh"


def namespace_manifests(namespace: str, ownership: Ownership) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of what every namespace begins with."""
    labels = object_labels(namespace, COMPONENT, ownership)
    yield f"{namespace}-strict-mtls", _labelled(strict_mtls(namespace), labels)
    yield f"{namespace}-default-deny", _labelled(deny_all(namespace), labels)


def wiring_manifests(wiring: Wiring, ownership: Ownership) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of one policy for each server with clients, and of one entry for each host outside."""
    for member, edges in wiring.servers():
        party = member.party
        labels = object_labels(party.name, member.component, member.ownership)
        yield f"{party.namespace}-{party.name}-callers", _labelled(authorization(party, edges), labels)
    for (namespace, host), targets in wiring.external_hosts().items():
        labels = object_labels(namespace, COMPONENT, ownership)
        yield f"{namespace}-outside-{host}", _labelled(service_entry(namespace, host, targets), labels)


def _labelled(manifest: Manifest, labels: dict[str, str]) -> Manifest:
    manifest["metadata"]["labels"] = dict(labels)
    return manifest
