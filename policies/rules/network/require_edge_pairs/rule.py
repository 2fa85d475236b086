from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from policies.kinds import namespace_of, of_kinds
from policies.label_selectors import Labels, meet, shown_selector
from policies.model import Resource, Severity, Stack, Violation
from policies.namespaces import Namespaces
from policies.network_policies import (
    NETWORK_POLICY,
    PolicyRule,
    directions_of,
    labelled_pods,
    rules_of,
    selected_pods,
)
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.unknown import UnknownValueError
from policies.whole import judged

_ANY_PORT = 0
_NAMED_PORT = -1
_OTHER = {"Ingress": "Egress", "Egress": "Ingress"}

_Half = tuple[str, str, str, str, str]
"""Where a rule stands, its direction, which pods it is for, and where and which the pods at the other end are."""


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
                        fabric.vouch()
                        yield Violation(peer.path, _message(entry, peer, there))

    yield from judged(of_kinds(stack.resources, NETWORK_POLICY), check)


@dataclass(frozen=True, slots=True)
class _Fabric:
    namespaces: Namespaces
    pods: dict[str, list[Labels]]
    isolated: set[tuple[str, str]] = field(default_factory=set)
    rules: dict[tuple[str, str], dict[int, list[PolicyRule]]] = field(default_factory=dict)
    halves: dict[_Half, list[PolicyRule]] = field(default_factory=dict)
    meetings: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    def add(self, policy: Resource) -> None:
        namespace = namespace_of(policy)
        self.isolated.update((namespace, direction) for direction in directions_of(policy))
        for entry in rules_of(policy):
            by_port = self.rules.setdefault((namespace, entry.direction), {})
            for port in entry.port_numbers or (_ANY_PORT,):
                by_port.setdefault(port, []).append(entry)
            with suppress(UnknownValueError):
                for peer in entry.peers:
                    for there in self.reached(peer, namespace):
                        half = namespace, entry.direction, _pods(policy), there, _shape(peer["podSelector"])
                        self.halves.setdefault(half, []).append(entry)

    def reached(self, peer: Node, home: str) -> list[str]:
        if peer["ipBlock"].exists():
            return []
        chosen = peer["namespaceSelector"]
        if not chosen.exists():
            return [home] if home in self.namespaces else []
        # A selector of several namespaces says "whoever is there", of which some may not talk back.
        found = self.namespaces.selected(chosen)
        return found if len(found) == 1 else []

    def answered(self, entry: PolicyRule, peer: Node, there: str) -> bool:
        other_way = (there, _OTHER[entry.direction])
        if other_way not in self.isolated:
            return True
        if self._mirrored(entry, peer, there):
            return True
        by_port = self.rules.get(other_way, {})
        ports = entry.port_numbers
        # A port that has only a name may be any; so may every port.
        if not ports or _NAMED_PORT in ports:
            return any(self._answers(entry, peer, it, there) for found in by_port.values() for it in found)
        anyhow = (*by_port.get(_ANY_PORT, ()), *by_port.get(_NAMED_PORT, ()))
        if any(self._answers(entry, peer, it, there) for it in anyhow):
            return True
        # Each port, since a mesh's tunnel port may be part of every edge.
        return all(any(self._answers(entry, peer, it, there) for it in by_port.get(port, ())) for port in ports)

    def vouch(self) -> None:
        if self.doubts:
            raise UnknownValueError(self.doubts[0])

    def _mirrored(self, entry: PolicyRule, peer: Node, there: str) -> bool:
        """Whether rules with the same two selectors answer. Mostly they do, which spares looking through all others."""
        half = (
            there,
            _OTHER[entry.direction],
            _shape(peer["podSelector"]),
            namespace_of(entry.policy),
            _pods(entry.policy),
        )
        try:
            answers = [it for it in self.halves.get(half, ()) if self._answers(entry, peer, it, there)]
        except UnknownValueError:
            return False
        ports = entry.port_numbers
        if not ports or _NAMED_PORT in ports:
            return bool(answers)
        opened = {port for it in answers for port in it.port_numbers or (_ANY_PORT,)}
        return not opened.isdisjoint((_ANY_PORT, _NAMED_PORT)) or ports <= opened

    def _answers(self, entry: PolicyRule, peer: Node, answer: PolicyRule, there: str) -> bool:
        chosen = peer["podSelector"]
        if chosen.exists() and not self._meet(selected_pods(answer.policy), chosen, there):
            return False
        return not answer.peers or any(self._means(back, entry.policy, there) for back in answer.peers)

    def _means(self, back: Node, policy: Resource, there: str) -> bool:
        home = namespace_of(policy)
        if back["ipBlock"].exists():
            return False
        if back["namespaceSelector"].exists():
            if not self.namespaces.is_selected(home, back["namespaceSelector"]):
                return False
        elif home != there:
            return False
        chosen = back["podSelector"]
        return not chosen.exists() or self._meet(chosen, selected_pods(policy), home)

    def _meet(self, selector: Node, other: Node, namespace: str) -> bool:
        # Stacks have many edges between few workloads.
        key = (repr(selector.value()), repr(other.value()), namespace)
        found = self.meetings.get(key)
        if found is None:
            found = self.meetings[key] = meet(selector, other, self.pods.get(namespace, ()))
        return found


def _shape(selector: Node) -> str:
    return repr(selector.value() or {}) if selector.known() else ""


def _pods(policy: Resource) -> str:
    return _shape(selected_pods(policy))


def _fabric(stack: Stack) -> _Fabric:
    namespaces = Namespaces(stack.resources)
    pods = {name: [pod.labels for pod in found] for name, found in labelled_pods(stack).items()}
    fabric = _Fabric(namespaces, pods)
    for policy in of_kinds(stack.resources, NETWORK_POLICY):
        try:
            fabric.add(policy)
        except UnknownValueError as error:
            fabric.doubts.append(f"{policy.address}: {error.path}")
    return fabric


def _message(entry: PolicyRule, peer: Node, namespace: str) -> str:
    who = shown_selector(peer["podSelector"])
    ports = ", ".join(str(number) for number in sorted(entry.port_numbers) if number > 0) or "all ports"
    if entry.direction == "Egress":
        return f"no policy in namespace {namespace} lets these pods in to {who} on {ports}"
    return f"no policy in namespace {namespace} lets {who} out to these pods on {ports}"
