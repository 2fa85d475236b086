from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policies.kinds import Placed, name_of, namespace_of, of_kinds
from policies.label_selectors import Labels, labels_at, meet, selects, shown_selector
from policies.model import Resource, Severity, Stack, Violation
from policies.network_policies import (
    NETWORK_POLICY,
    PolicyRule,
    directions_of,
    labelled_pods,
    network_policies,
    port_numbers,
    rules_of,
    selected_pods,
)
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.whole import judged

_NAMESPACE = ("core", "Namespace")
_NAME = "kubernetes.io/metadata.name"
_OTHER = {"Ingress": "Egress", "Egress": "Ingress"}


@rule(
    id="NET-008",
    title="Require both halves of each connection between namespaces of the stack",
    severity=Severity.MEDIUM,
    topics=("network", "correctness"),
    applies_to=WholeStack(),
    rationale=(
        "Where both ends are isolated a connection needs an egress rule at the client and an ingress rule at the"
        " server. One without the other is a connection that is cut, or a hole that stays when its use is gone."
    ),
    remediation="Add the other half with the same port, or delete this one.",
)
def require_edge_pairs(stack: Stack) -> Iterator[Violation]:
    """One violation for each peer, of namespaces that the stack declares, that has no other half."""
    fabric = _fabric(stack)

    def check(policy: Resource) -> Iterator[Violation]:
        for entry in rules_of(policy):
            for peer in entry.peers:
                for there in fabric.reached(peer, namespace_of(policy)):
                    if not fabric.answered(entry, peer, there):
                        fabric.policies.vouch()
                        yield Violation(peer.path, _message(entry, peer, there))

    yield from judged(of_kinds(stack.resources, NETWORK_POLICY), check)


@dataclass(frozen=True, slots=True)
class _Fabric:
    namespaces: dict[str, dict[str, str]]
    policies: Placed[Resource]
    pods: dict[str, list[Labels]]

    def reached(self, peer: Node, home: str) -> list[str]:
        if peer["ipBlock"].exists():
            return []
        chosen = peer["namespaceSelector"]
        if not chosen.exists():
            return [home] if home in self.namespaces else []
        # A selector of several namespaces says "whoever is there", of which some may not talk back.
        found = [name for name, labels in self.namespaces.items() if selects(chosen, labels)]
        return found if len(found) == 1 else []

    def answered(self, entry: PolicyRule, peer: Node, there: str) -> bool:
        others = self.policies.get(there, [])
        isolated = any(_OTHER[entry.direction] in directions_of(other) for other in others)
        return not isolated or any(self._answers(entry, peer, other, there) for other in others)

    def _answers(self, entry: PolicyRule, peer: Node, other: Resource, there: str) -> bool:
        chosen = peer["podSelector"]
        if chosen.exists() and not meet(selected_pods(other), chosen, self.pods.get(there, ())):
            return False
        for answer in rules_of(other):
            if answer.direction == entry.direction or not _ports_meet(entry, answer):
                continue
            if not answer.peers or any(self._means(back, entry.policy, there) for back in answer.peers):
                return True
        return False

    def _means(self, back: Node, policy: Resource, there: str) -> bool:
        home = namespace_of(policy)
        if back["ipBlock"].exists():
            return False
        if back["namespaceSelector"].exists():
            if not selects(back["namespaceSelector"], self.namespaces.get(home, {})):
                return False
        elif home != there:
            return False
        chosen = back["podSelector"]
        return not chosen.exists() or meet(chosen, selected_pods(policy), self.pods.get(home, ()))


def _fabric(stack: Stack) -> _Fabric:
    namespaces = {
        name_of(it): {_NAME: name_of(it), **labels_at(it.root.at("metadata", "labels"))}
        for it in of_kinds(stack.resources, _NAMESPACE)
    }
    pods = {name: [pod.labels for pod in found] for name, found in labelled_pods(stack).items()}
    return _Fabric(namespaces, network_policies(stack), pods)


def _ports_meet(entry: PolicyRule, answer: PolicyRule) -> bool:
    mine, theirs = port_numbers(entry), port_numbers(answer)
    return not mine or not theirs or bool(mine & theirs) or -1 in mine | theirs


def _message(entry: PolicyRule, peer: Node, namespace: str) -> str:
    who = shown_selector(peer["podSelector"])
    ports = ", ".join(str(number) for number in sorted(port_numbers(entry)) if number > 0) or "all ports"
    if entry.direction == "Egress":
        return f"no policy in namespace {namespace} lets these pods in to {who} on {ports}"
    return f"no policy in namespace {namespace} lets {who} out to these pods on {ports}"
