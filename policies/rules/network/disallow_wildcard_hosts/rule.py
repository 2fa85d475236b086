from __future__ import annotations

from collections.abc import Iterator

from policies.edge import ROUTING, hosts_of
from policies.kinds import Kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="NET-027",
    title="Disallow wildcard hosts in everything that routes from outside",
    severity=Severity.MEDIUM,
    topics=("security", "network", "edge"),
    applies_to=Kinds(ROUTING),
    rationale=(
        "A wildcard answers for every name under a domain: for those of other tenants that have no route yet, and for"
        " those that somebody who may write DNS makes up."
    ),
    remediation="Name each host in full, such as api.example.com.",
)
def disallow_wildcard_hosts(resource: Resource) -> Iterator[Violation]:
    """One violation for each host with a wildcard."""
    for node in hosts_of(resource):
        if "*" in (node.text() or ""):
            yield Violation(node.path, f"the host {node.text()!r} is a wildcard")
