from __future__ import annotations

from collections.abc import Iterator

from policies.edge import INGRESSES, ROUTING, hosts_of
from policies.kinds import Kinds, group_kind
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="NET-010",
    title="Require a host in everything that routes from outside",
    severity=Severity.MEDIUM,
    topics=("security", "network", "edge"),
    applies_to=Kinds(ROUTING),
    rationale=(
        "A route without a host, and a default backend, answer for every name that nobody else claims: they catch the"
        " traffic of other tenants and serve whoever points a name at the gateway."
    ),
    remediation="Name the host in full, such as api.example.com, in each rule; leave spec.defaultBackend out.",
)
def require_hosts(resource: Resource) -> Iterator[Violation]:
    """One violation for each host that is missing, and for a default backend."""
    spec = resource.root["spec"]
    if group_kind(resource) in INGRESSES:
        for name in ("defaultBackend", "backend"):
            if spec[name].exists():
                yield Violation(spec[name].path, "the Ingress has a backend for every host that no rule names")
    for node in hosts_of(resource):
        # Istio writes the namespace of a host before a slash: `./api.example.com`.
        if not (node.text() or "").rpartition("/")[2]:
            yield Violation(node.path, "no host is named, so every host is meant")
