from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.network_policies import is_everywhere
from policies.node import Node
from policies.rule import rule

_NAMED: Final = ("principals", "namespaces", "serviceAccounts", "requestPrincipals")
_ADDRESSES: Final = ("ipBlocks", "remoteIpBlocks")


@rule(
    id="NET-016",
    title="Disallow mesh authorization that allows everybody, or denies nobody",
    severity=Severity.HIGH,
    topics=("security", "network", "mesh"),
    applies_to=kinds(("security.istio.io", "AuthorizationPolicy")),
    rationale=(
        "ALLOW policies add up: one whose rule is empty, or whose source is * or only says who is not meant, admits"
        " every workload whatever the others say. A DENY policy without rules matches nothing and denies nothing."
    ),
    remediation=(
        "Name the callers in rules[].from[].source.principals (cluster.local/ns/NAMESPACE/sa/ACCOUNT); to deny"
        " everything, use an ALLOW policy with an empty spec."
    ),
)
def limit_mesh_authorization(resource: Resource) -> Iterator[Violation]:
    """One violation for each rule or source that means everybody, and for a DENY without rules."""
    spec = resource.root["spec"]
    action = spec["action"].text() or "ALLOW"
    rules = spec["rules"]
    if action == "DENY" and not rules.items():
        yield Violation(rules.path, "the policy denies, but has no rules and so denies nothing")
    if action != "ALLOW":
        return
    for item in rules.items():
        if not any(item[part].items() for part in ("from", "to", "when")):
            yield Violation(item.path, "the rule is empty, so it allows everybody everything")
        # Conditions may narrow what the sources leave open.
        if item["when"].items():
            continue
        for entry in item["from"].items():
            reason = _everybody(entry["source"])
            if reason:
                yield Violation(entry["source"].path, reason)


def _everybody(source: Node) -> str:
    named = [(name, {value.text() for value in source[name].items()}) for name in _NAMED]
    filled = [(name, values) for name, values in named if values]
    addresses = [value for name in _ADDRESSES for value in source[name].items()]
    if not filled and not addresses:
        return "the source names nobody, so everybody is meant"
    # Any caller with a valid token is a choice that is made: the token was issued to somebody.
    if any(name == "requestPrincipals" or "*" not in values for name, values in filled):
        return ""
    if addresses and not any(is_everywhere(value) for value in addresses):
        return ""
    shown = ", ".join(f"{name} *" for name, _ in filled) or "a range of more or less every address"
    return f"the source is {shown}, which is everybody"
