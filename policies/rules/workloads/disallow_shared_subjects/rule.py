from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.role_rules import EVERY_BINDING
from policies.rule import rule

_EVERYBODY = {
    "system:anonymous": "whoever reaches the API server",
    "system:unauthenticated": "whoever reaches the API server",
    "system:authenticated": "everyone who has any account",
    "system:masters": "a group that passes by authorization",
    "system:serviceaccounts": "every pod of the cluster",
}
_NAMESPACE = "system:serviceaccounts:"


@rule(
    id="RBAC-008",
    title="Disallow bindings to everybody, to every pod and to default service accounts",
    severity=Severity.CRITICAL,
    topics=("security", "rbac", "identity"),
    frameworks=("cis-kubernetes:5.1.5", "cis-kubernetes:5.1.7"),
    applies_to=EVERY_BINDING,
    mandatory_everywhere=True,
    rationale=(
        "A right that is bound to everybody is public. One that is bound to a default service account goes to every pod"
        " of the namespace that names no account, the next one included."
    ),
    remediation="Bind the role to the service account of the workload, or to the group of people, that needs it.",
)
def disallow_shared_subjects(binding: Resource) -> Iterator[Violation]:
    """One violation for each such subject."""
    for subject in binding.root["subjects"].items():
        name, kind = subject["name"], subject["kind"].text()
        text = name.text() or ""
        if kind == "ServiceAccount":
            if text == "default":
                yield Violation(name.path, "the role is bound to a default service account")
        elif text in _EVERYBODY:
            yield Violation(name.path, f"the role is bound to {text}, {_EVERYBODY[text]}")
        elif text.startswith(_NAMESPACE):
            yield Violation(name.path, f"the role is bound to every pod of {text.removeprefix(_NAMESPACE)}")
