from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import kinds
from policies.label_selectors import is_empty
from policies.model import Resource, Severity, Violation
from policies.network_policies import NETWORK_POLICY, is_everywhere, rules_of
from policies.node import Node
from policies.rule import rule


@rule(
    id="NET-003",
    title="Disallow NetworkPolicies that let everybody in",
    severity=Severity.HIGH,
    topics=("security", "network"),
    applies_to=kinds(NETWORK_POLICY),
    rationale=(
        "A rule with no peer, with a selector of every namespace or with the whole internet as its range admits any pod"
        " of any tenant. Policies add up, so one such rule undoes every other."
    ),
    remediation=(
        "Name the pods that may connect by namespaceSelector and podSelector together, or an address range that is"
        " yours, in each entry of ingress[].from."
    ),
)
def disallow_open_ingress(policy: Resource) -> Iterator[Violation]:
    """One violation for each ingress rule without peers and for each peer that means everybody."""
    for entry in rules_of(policy):
        if entry.direction != "Ingress":
            continue
        if not entry.peers:
            yield Violation(entry.node["from"].path, "the rule names no peer, so it admits every source")
        for peer in entry.peers:
            reason = _everybody(peer)
            if reason:
                yield Violation(peer.path, reason)


def _everybody(peer: Node) -> str:
    block = peer["ipBlock"]
    if block.exists():
        if is_everywhere(block["cidr"]):
            return f"the rule admits {block['cidr'].text()}, which is more or less every address"
        return ""
    namespaces, pods = peer["namespaceSelector"], peer["podSelector"]
    if namespaces.exists() and is_empty(namespaces) and (not pods.exists() or is_empty(pods)):
        return "the rule admits every pod of every namespace"
    if not namespaces.exists() and not pods.exists():
        return "the peer is empty and names nobody in particular"
    return ""
