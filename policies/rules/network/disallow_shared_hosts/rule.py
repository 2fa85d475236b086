from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import name_of, namespace_of, of_kinds
from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged

_INGRESS = ("networking.k8s.io", "Ingress")
_ROUTE = ("gateway.networking.k8s.io", "HTTPRoute")


@rule(
    id="NET-013",
    title="Disallow two owners of one host and path",
    severity=Severity.HIGH,
    topics=("security", "network", "edge"),
    applies_to=WholeStack(),
    rationale=(
        "Who declares a host or a path that another one serves takes over its traffic with its passwords and tokens;"
        " which of the two wins is decided by age and by the controller."
    ),
    remediation="Give each namespace hosts of its own, and declare each path of a host once.",
)
def disallow_shared_hosts(stack: Stack) -> Iterator[Violation]:
    """One violation for each host that another namespace declared before, and for each path declared twice."""
    owners: dict[str, tuple[str, str]] = {}
    paths: dict[tuple[str, str, str], str] = {}

    def check(resource: Resource) -> Iterator[Violation]:
        namespace, who = namespace_of(resource), f"{resource.kind} {namespace_of(resource)}/{name_of(resource)}"
        for path, host, at in _claims(resource):
            other_namespace, other = owners.setdefault(host, (namespace, who))
            before = paths.setdefault((host, *at), who)
            if other_namespace != namespace:
                yield Violation(path, f"the host {host} belongs to {other}, in another namespace")
            elif before != who:
                yield Violation(path, f"{host}{at[1]} is declared by {before}, too")

    yield from judged(of_kinds(stack.resources, _INGRESS, _ROUTE), check)


def _claims(resource: Resource) -> Iterator[tuple[str, str, tuple[str, str]]]:
    spec = resource.root["spec"]
    if resource.kind == "Ingress":
        for rule_ in spec["rules"].items():
            host = rule_["host"].text()
            for entry in rule_.at("http", "paths").items() if host else ():
                at = (entry["pathType"].text() or "", entry["path"].text() or "/")
                yield entry["path"].path, host or "", at
        return
    for hostname in spec["hostnames"].items():
        for rule_ in spec["rules"].items():
            # Matches by header or method may share a path.
            for match in rule_["matches"].items():
                if set(dict(match.entries())) == {"path"}:
                    path = match["path"]
                    at = (path["type"].text() or "PathPrefix", path["value"].text() or "/")
                    yield path["value"].path, hostname.text() or "", at
