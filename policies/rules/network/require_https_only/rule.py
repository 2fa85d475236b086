from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.edge import INGRESSES
from policies.kinds import Kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_CLOSED: Final = {
    # Google's and others' controllers; Ingress-NGINX; Kong ("protocols"); AWS Load Balancer Controller; Traefik.
    "kubernetes.io/ingress.allow-http": frozenset({"false"}),
    "nginx.ingress.kubernetes.io/force-ssl-redirect": frozenset({"true"}),
    "nginx.ingress.kubernetes.io/ssl-redirect": frozenset({"true"}),
    "konghq.com/protocols": frozenset({"https", "https,grpcs", "grpcs,https", "grpcs"}),
    "alb.ingress.kubernetes.io/ssl-redirect": frozenset({"443"}),
    "traefik.ingress.kubernetes.io/router.entrypoints": frozenset({"websecure"}),
}
"""Annotations by which a controller refuses plain HTTP or redirects it, with the values that do."""


@rule(
    id="NET-030",
    title="Require that an Ingress refuses plain HTTP or redirects it",
    severity=Severity.MEDIUM,
    topics=("security", "network", "edge", "encryption"),
    applies_to=Kinds(INGRESSES),
    rationale=(
        "With TLS alone most controllers also serve the same paths in plain text: a link without the s, and the token"
        " is read on the way. Whether one redirects by default depends on its version and on settings elsewhere."
    ),
    remediation=(
        'Set the annotation of your controller: konghq.com/protocols: "https", or kubernetes.io/ingress.allow-http:'
        ' "false", nginx.ingress.kubernetes.io/force-ssl-redirect: "true", alb.ingress.kubernetes.io/ssl-redirect:'
        ' "443" or traefik.ingress.kubernetes.io/router.entrypoints: "websecure".'
    ),
)
def require_https_only(ingress: Resource) -> Iterator[Violation]:
    """One violation for each annotation that lets plain HTTP through, or one if none keeps it out."""
    annotations = ingress.root.at("metadata", "annotations")
    said = [(annotations[key], values) for key, values in _CLOSED.items() if annotations[key].exists()]
    for node, values in said:
        if (node.text() or "").replace(" ", "") not in values:
            yield Violation(node.path, f"{node.key} is {node.shown()}, which lets plain HTTP through")
    if not said:
        yield Violation(annotations.path, "no annotation says that plain HTTP is refused or redirected")
