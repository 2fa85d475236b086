from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import group_kind, kinds
from policies.model import Resource, Severity, Violation
from policies.role_rules import ANY, CLUSTER_ROLE, CLUSTER_ROLE_BINDING, READ, ROLE, ROLE_BINDING, WRITE, grants_of
from policies.rule import rule

_ADMIN = "cluster-admin"
_WIDE = frozenset({"admin", "edit"})
_ROLES = frozenset({ROLE, CLUSTER_ROLE})

# Who may delete one by one may delete all.
_ALL = READ | WRITE - {"deletecollection"}


@rule(
    id="RBAC-007",
    title="Disallow cluster-admin, bound or rebuilt, and admin and edit for the whole cluster",
    severity=Severity.CRITICAL,
    topics=("security", "rbac", "least-privilege"),
    frameworks=("cis-kubernetes:5.1.1", "owasp-kubernetes:K03"),
    applies_to=kinds(ROLE, CLUSTER_ROLE, ROLE_BINDING, CLUSTER_ROLE_BINDING),
    mandatory_everywhere=True,
    rationale=(
        "cluster-admin is every right on everything, in one namespace still every right there, its roles and quota"
        " included. People get it by the cloud's own means for the time of an emergency; nothing that runs needs it."
    ),
    remediation="Bind a role that lists what is needed; bind admin and edit in single namespaces.",
)
def disallow_admin_bindings(resource: Resource) -> Iterator[Violation]:
    """A Role of the name cluster-admin counts as well, and so does one of any name that grants all that it grants."""
    if group_kind(resource) in _ROLES:
        yield from _rebuilt(resource)
    else:
        yield from _bound(resource)


def _rebuilt(role: Resource) -> Iterator[Violation]:
    for grant in grants_of(role):
        if ANY in grant.groups and ANY in grant.resources and (ANY in grant.verbs or grant.verbs >= _ALL):
            yield Violation(grant.node.path, "the role grants everything, which is cluster-admin under another name")


def _bound(binding: Resource) -> Iterator[Violation]:
    name = binding.root.at("roleRef", "name")
    if name.text() == _ADMIN:
        yield Violation(name.path, "the binding grants everything (cluster-admin)")
    elif name.text() in _WIDE and group_kind(binding) == CLUSTER_ROLE_BINDING:
        yield Violation(name.path, f"the binding grants {name.text()} in every namespace")
