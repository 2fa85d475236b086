from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_CLUSTER_DOMAIN: Final = ".svc.cluster.local"


@rule(
    id="NET-026",
    title="Disallow Services for addresses and names that are not their own",
    severity=Severity.HIGH,
    topics=("security", "network", "exposure"),
    applies_to=kinds(("core", "Service")),
    rationale=(
        "An external IP makes every node send the traffic for that address to the Service, whoever it belongs to"
        " (CVE-2020-8554); an external name that leads to localhost, to an address or to another namespace makes the"
        " gateway reach what its owner never offered."
    ),
    remediation="Leave externalIPs out; give externalName the full name of a host outside of the cluster.",
)
def disallow_foreign_addresses(service: Resource) -> Iterator[Violation]:
    """One violation for each external IP, and for an external name that is no full name of an outside host."""
    spec = service.root["spec"]
    for address in spec["externalIPs"].items():
        yield Violation(address.path, f"the Service claims the address {address.shown()} on every node")
    if spec["type"].text() == "ExternalName":
        reason = _wrong_name(spec["externalName"].text() or "")
        if reason:
            yield Violation(spec["externalName"].path, reason)


def _wrong_name(name: str) -> str:
    host = name.strip().rstrip(".").lower()
    if "." not in host:
        return f"the external name {name!r} is no full host name, so what it means depends on who asks"
    if host.endswith((".localhost", _CLUSTER_DOMAIN)):
        return f"the external name {name!r} leads back into the cluster, past the policies of the namespace it is in"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return ""
    return f"the external name {name!r} is an address, which DNS does not resolve as one"
