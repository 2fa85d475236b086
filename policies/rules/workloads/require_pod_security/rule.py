from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_LABEL: Final = "pod-security.kubernetes.io/enforce"
_STANDARDS: Final = frozenset({"baseline", "restricted"})


@rule(
    id="POD-054",
    title="Require each namespace to enforce a Pod Security Standard",
    severity=Severity.HIGH,
    topics=("security", "pod-security", "isolation"),
    frameworks=("cis-kubernetes:5.2.1", "nsa-cisa-hardening:pod-security"),
    applies_to=kinds(("core", "Namespace")),
    rationale=(
        "Other rules judge the pods of this stack. What somebody else starts in the namespace, or an operator makes"
        " there, only the API server sees, and without the label it lets in a privileged pod that owns the node."
    ),
    remediation=(
        "Label the namespace pod-security.kubernetes.io/enforce: restricted (or baseline); labels to warn and to audit"
        " alone refuse nothing."
    ),
)
def require_pod_security(namespace: Resource) -> Iterator[Violation]:
    """The level `privileged`, and one that Kubernetes does not know, count as none."""
    label = namespace.root.at("metadata", "labels", _LABEL)
    if not label.exists():
        yield Violation(label.path, "the namespace enforces no Pod Security Standard")
    elif label.text() not in _STANDARDS:
        yield Violation(label.path, f"the namespace enforces {label.shown()}, which lets every pod in")
