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
_ROUTES: Final = tuple(("gateway.networking.k8s.io", kind) for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute"))
_ISTIO_GATEWAY: Final = ("networking.istio.io", "Gateway")
_VIRTUAL_SERVICE: Final = ("networking.istio.io", "VirtualService")


@rule(
    id="NET-010",
    title="Require a full host name in everything that routes from outside",
    severity=Severity.MEDIUM,
    topics=("security", "network", "edge"),
    applies_to=kinds(_INGRESS, _OLD_INGRESS, _GATEWAY, *_ROUTES, _ISTIO_GATEWAY, _VIRTUAL_SERVICE),
    rationale=(
        "A route without a host, or with a wildcard, answers for names that nobody gave it: it catches the traffic of"
        " other tenants and serves whoever points a name at the gateway."
    ),
    remediation="Name the host in full, such as api.example.com, in each rule; leave spec.defaultBackend out.",
)
def require_hosts(resource: Resource) -> Iterator[Violation]:
    """One violation for each host that is missing or a wildcard, and for a default backend."""
    spec = resource.root["spec"]
    kind = group_kind(resource)
    if kind in {_INGRESS, _OLD_INGRESS}:
        for name in ("defaultBackend", "backend"):
            if spec[name].exists():
                yield Violation(spec[name].path, "the Ingress has a backend for every host that no rule names")
        for item in spec["rules"].items():
            yield from _host(item["host"])
    elif kind == _GATEWAY:
        for listener in spec["listeners"].items():
            if listener["protocol"].text() not in {"TCP", "UDP"}:
                yield from _host(listener["hostname"])
    elif kind == _ISTIO_GATEWAY:
        for server in spec["servers"].items():
            yield from _hosts(server["hosts"])
    else:
        yield from _hosts(spec["hosts" if kind == _VIRTUAL_SERVICE else "hostnames"])


def _hosts(node: Node) -> Iterator[Violation]:
    items = node.items()
    if not items:
        yield Violation(node.path, "no host is named, so every host is meant")
    for item in items:
        yield from _host(item)


def _host(node: Node) -> Iterator[Violation]:
    # Istio writes the namespace of a host before a slash: `./api.example.com`.
    host = (node.text() or "").rpartition("/")[2]
    if not host:
        yield Violation(node.path, "no host is named, so every host is meant")
    elif "*" in host:
        yield Violation(node.path, f"the host {host!r} is a wildcard")
