from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import GroupKind, group_kind
from policies.model import Resource
from policies.node import Node

INGRESSES: Final[frozenset[GroupKind]] = frozenset({("networking.k8s.io", "Ingress"), ("extensions", "Ingress")})
GATEWAY: Final[GroupKind] = ("gateway.networking.k8s.io", "Gateway")
ROUTES: Final[frozenset[GroupKind]] = frozenset(
    ("gateway.networking.k8s.io", kind) for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute")
)
ISTIO_GATEWAY: Final[GroupKind] = ("networking.istio.io", "Gateway")
VIRTUAL_SERVICE: Final[GroupKind] = ("networking.istio.io", "VirtualService")

ROUTING: Final[frozenset[GroupKind]] = INGRESSES | ROUTES | {GATEWAY, ISTIO_GATEWAY, VIRTUAL_SERVICE}
"""The kinds that lead traffic from outside to a Service."""

_NAMELESS: Final = frozenset({"TCP", "UDP"})
"""Protocols of a Gateway's listener that know no host names."""

_CERTIFICATES: Final = (
    "alb.ingress.kubernetes.io/certificate-arn",
    "networking.gke.io/managed-certificates",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
)
"""Annotations by which a load balancer of a cloud finds its certificate outside of the cluster."""


def hosts_of(resource: Resource) -> Iterator[Node]:
    """The places of the hosts that something routes; one that is absent stands for a host that is not named."""
    spec = resource.root["spec"]
    kind = group_kind(resource)
    if kind in INGRESSES:
        for item in spec["rules"].items():
            yield item["host"]
    elif kind == GATEWAY:
        for listener in spec["listeners"].items():
            if listener["protocol"].text() not in _NAMELESS:
                yield listener["hostname"]
    elif kind == ISTIO_GATEWAY:
        for server in spec["servers"].items():
            yield from server["hosts"].items() or (server["hosts"],)
    else:
        hosts = spec["hosts" if kind == VIRTUAL_SERVICE else "hostnames"]
        yield from hosts.items() or (hosts,)


def has_cloud_certificate(ingress: Resource) -> bool:
    """Whether an annotation names a certificate that a cloud's load balancer holds."""
    annotations = ingress.root.at("metadata", "annotations")
    return any(annotations[key].text() for key in _CERTIFICATES)
