from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.label_selectors import is_empty
from policies.model import Resource, Severity, Violation
from policies.network_policies import NETWORK_POLICY, PolicyRule, is_everywhere, rules_of, selected_pods
from policies.node import Node
from policies.rule import rule

_DNS: Final = frozenset({53, 5353})
_API_SERVER: Final = frozenset({443, 6443})


@rule(
    id="NET-004",
    title="Disallow NetworkPolicies that let pods out to everybody",
    severity=Severity.HIGH,
    topics=("security", "network", "exfiltration"),
    applies_to=kinds(NETWORK_POLICY),
    # The API server is no pod and its addresses are the cloud's to choose; DNS has pods, but not everywhere the same.
    rationale=(
        "Who breaks into a pod sends data out and fetches tools through what egress allows. A rule with no peer, with a"
        " selector of every namespace or with the whole internet as its range leaves the way open."
    ),
    remediation=(
        "Name the destination in egress[].to, by namespaceSelector and podSelector or by an address range, and its"
        " ports. Only DNS (53) may be left without a peer and, for pods that the policy selects by label, the API"
        " server's ports (443, 6443). The internet as a range needs ports and the private ranges under except."
    ),
)
def disallow_open_egress(policy: Resource) -> Iterator[Violation]:
    """One violation for each egress rule without peers and for each peer that means everybody."""
    chosen = not is_empty(selected_pods(policy))
    for entry in rules_of(policy):
        if entry.direction != "Egress":
            continue
        ports = entry.port_numbers
        excused = bool(ports) and ports <= (_DNS | _API_SERVER if chosen else _DNS)
        if not entry.peers and not excused:
            yield Violation(entry.node["to"].path, "the rule names no peer, so it allows every destination")
        for peer in entry.peers:
            reason = _everybody(entry, peer, excused=excused)
            if reason:
                yield Violation(peer.path, reason)


def _everybody(entry: PolicyRule, peer: Node, *, excused: bool) -> str:
    block = peer["ipBlock"]
    if block.exists():
        if is_everywhere(block["cidr"]) and not (block["except"].items() and entry.ports) and not excused:
            return f"the rule allows {block['cidr'].text()}, which is more or less every address"
        return ""
    namespaces, pods = peer["namespaceSelector"], peer["podSelector"]
    every_pod = not pods.exists() or is_empty(pods)
    if namespaces.exists() and is_empty(namespaces) and every_pod and not excused:
        return "the rule allows every pod of every namespace"
    if not namespaces.exists() and not pods.exists():
        return "the peer is empty and names nobody in particular"
    return ""
