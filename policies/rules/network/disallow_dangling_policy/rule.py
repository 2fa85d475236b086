from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import Placed, by_namespace, namespace_of, of_kinds
from policies.label_selectors import is_empty, keys_of, selects, shown_selector
from policies.model import Resource, Severity, Stack, Violation
from policies.namespaces import Namespaces
from policies.network_policies import (
    NETWORK_POLICY,
    PodLabels,
    labelled_pods,
    makes_unseen_pods,
    rules_of,
    selected_pods,
)
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.whole import judged


@rule(
    id="NET-007",
    title="Disallow NetworkPolicies that select no pod of the stack",
    severity=Severity.MEDIUM,
    topics=("network", "correctness"),
    applies_to=WholeStack(),
    # Only what can be known is judged: where a namespace has pods of operators or of others, a selector counts as
    # wrong only if it asks for labels that pods of the stack there do carry, with other values.
    rationale=(
        "A policy that selects nothing, or whose peer nobody is, looks like protection or like a permission and is"
        " neither: the label was renamed or mistyped."
    ),
    remediation="Make the labels of podSelector those of the pod templates, or delete the policy.",
)
def disallow_dangling_policy(stack: Stack) -> Iterator[Violation]:
    """One violation for each selector of pods, in a policy or in a peer, that no pod of the namespace can answer to."""
    pods = labelled_pods(stack)
    members = by_namespace(stack.resources)
    namespaces = Namespaces(stack.resources)

    def answered(selector: Node, namespace: str) -> bool:
        here = pods.get(namespace, [])
        if not here or is_empty(selector) or any(selects(selector, pod.labels) for pod in here):
            return True
        pods.vouch()
        members.vouch()
        known_keys = {key for pod in here for key in pod.labels}
        return makes_unseen_pods(members.get(namespace, ())) and not keys_of(selector) <= known_keys

    def check(policy: Resource) -> Iterator[Violation]:
        home = namespace_of(policy)
        selector = selected_pods(policy)
        elsewhere = [] if home in pods or is_empty(selector) else _selected(selector, pods)
        if elsewhere:
            pods.vouch()
            yield Violation(
                selector.path,
                f"the pods with the labels {shown_selector(selector)} are in namespace {' and '.join(elsewhere)}, not"
                f" in {home}",
            )
        if not answered(selector, home):
            yield Violation(selector.path, f"no pod in namespace {home} has the labels {shown_selector(selector)}")
        for entry in rules_of(policy):
            for peer in entry.peers:
                chosen = peer["podSelector"]
                where = _named(peer, home, namespaces)
                if chosen.exists() and where and not any(answered(chosen, name) for name in where):
                    yield Violation(
                        chosen.path,
                        f"no pod in namespace {' or '.join(where)} has the labels {shown_selector(chosen)}",
                    )

    yield from judged(of_kinds(stack.resources, NETWORK_POLICY), check)


def _selected(selector: Node, pods: Placed[PodLabels]) -> list[str]:
    return [name for name, found in pods.items() if any(selects(selector, pod.labels) for pod in found)]


def _named(peer: Node, home: str, namespaces: Namespaces) -> list[str]:
    chosen = peer["namespaceSelector"]
    if not chosen.exists():
        return [home]
    # A selector of every namespace also means those of others.
    return [] if is_empty(chosen) else namespaces.selected(chosen)
