from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.network_policies import NETWORK_POLICY, Network, network_at, rules_of
from policies.node import Node
from policies.rule import rule

_SERVICES: Final = (ipaddress.ip_address("169.254.169.254"), ipaddress.ip_address("fd00:ec2::254"))
_PORT: Final = 80


@rule(
    id="NET-005",
    title="Disallow egress to the cloud's instance metadata service",
    severity=Severity.CRITICAL,
    topics=("security", "network", "credentials"),
    applies_to=kinds(NETWORK_POLICY),
    # The addresses are those of AWS, EC2 User Guide, "Access instance metadata"; Azure and Google use the first, too.
    rationale=(
        "The metadata service at 169.254.169.254 hands out the credentials of the node to whoever asks over HTTP; a"
        " server-side request forgery in any pod that reaches it is enough to become the node."
    ),
    remediation=(
        "Add 169.254.169.254/32 (and fd00:ec2::254/128) to the except list of the range, or name a narrower range or"
        " ports other than 80."
    ),
)
def disallow_metadata_egress(policy: Resource) -> Iterator[Violation]:
    """One violation for each egress rule by which the metadata service can be reached on port 80."""
    for entry in rules_of(policy):
        ports = entry.port_numbers
        if entry.direction != "Egress" or (ports and _PORT not in ports):
            continue
        if not entry.peers:
            yield Violation(entry.node["to"].path, "the rule has no peer, so it allows the metadata service")
        for peer in entry.peers:
            block = peer["ipBlock"]
            for address in _SERVICES:
                if _holds(block["cidr"], address) and not any(_holds(it, address) for it in block["except"].items()):
                    yield Violation(
                        block["cidr"].path, f"{block['cidr'].text()} holds the metadata service at {address}"
                    )


def _holds(node: Node, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    network: Network | None = network_at(node)
    return network is not None and address.version == network.version and address in network
