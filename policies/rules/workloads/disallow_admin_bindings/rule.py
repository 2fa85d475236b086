from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import group_kind
from policies.model import Resource, Severity, Violation
from policies.role_rules import CLUSTER_ROLE_BINDING, EVERY_BINDING
from policies.rule import rule

_ADMIN = "cluster-admin"
_WIDE = frozenset({"admin", "edit"})


@rule(
    id="RBAC-007",
    title="Disallow binding cluster-admin, or admin and edit for the whole cluster",
    severity=Severity.CRITICAL,
    topics=("security", "rbac", "least-privilege"),
    frameworks=("cis-kubernetes:5.1.1", "owasp-kubernetes:K03"),
    applies_to=EVERY_BINDING,
    mandatory_everywhere=True,
    rationale=(
        "cluster-admin is every right on everything, in one namespace still every right there, its roles and quota"
        " included. People get it by the cloud's own means for the time of an emergency; nothing that runs needs it."
    ),
    remediation="Bind a role that lists what is needed; bind admin and edit in single namespaces.",
)
def disallow_admin_bindings(binding: Resource) -> Iterator[Violation]:
    """A Role of the name cluster-admin counts as well, since it says the same."""
    name = binding.root.at("roleRef", "name")
    if name.text() == _ADMIN:
        yield Violation(name.path, "the binding grants everything (cluster-admin)")
    elif name.text() in _WIDE and group_kind(binding) == CLUSTER_ROLE_BINDING:
        yield Violation(name.path, f"the binding grants {name.text()} in every namespace")
