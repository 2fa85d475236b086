"""What the rules of a Role or ClusterRole grant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.kinds import GroupKind, group_kind, kinds
from policies.memo import found_once
from policies.model import Resource, Violation
from policies.node import Node

_GROUP: Final = "rbac.authorization.k8s.io"
ROLE: Final[GroupKind] = (_GROUP, "Role")
CLUSTER_ROLE: Final[GroupKind] = (_GROUP, "ClusterRole")
ROLE_BINDING: Final[GroupKind] = (_GROUP, "RoleBinding")
CLUSTER_ROLE_BINDING: Final[GroupKind] = (_GROUP, "ClusterRoleBinding")

EVERY_ROLE: Final = kinds(ROLE, CLUSTER_ROLE)
"""Picks roles of both kinds."""

EVERY_BINDING: Final = kinds(ROLE_BINDING, CLUSTER_ROLE_BINDING)
"""Picks bindings of both kinds."""

ANY: Final = "*"
READ: Final = frozenset({"get", "list", "watch"})
WRITE: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})

_MEMO: Final = "grants"


@dataclass(frozen=True, slots=True)
class Grant:
    """One rule of a role.

    Attributes:
        node: Its place.
        groups: API groups; empty text is the core group.
        resources: Resources and subresources, such as `pods/exec`.
        verbs: Verbs.
        names: The names of objects to which it is limited; empty means all.
    """

    node: Node
    groups: frozenset[str]
    resources: frozenset[str]
    verbs: frozenset[str]
    names: frozenset[str]

    def verbs_on(self, group: str, resource: str) -> frozenset[str]:
        """The verbs that it grants on a resource, wildcards of groups and resources included; `*` stands for all."""
        if not self.groups & {group, ANY}:
            return frozenset()
        main, slash, sub = resource.partition("/")
        # Kubernetes grants nothing by `pods/*`, but whoever wrote it meant every subresource.
        names = {resource, ANY, f"*/{sub}", f"{main}/*"} if slash else {resource, ANY}
        return self.verbs if self.resources & names else frozenset()

    def allows(self, verbs: frozenset[str], group: str, resource: str) -> frozenset[str]:
        """Those of the verbs that it grants on a resource."""
        granted = self.verbs_on(group, resource)
        return verbs if ANY in granted else verbs & granted

    def wide(self) -> bool:
        """Whether it grants by a wildcard, which a rule of its own reports."""
        return ANY in self.groups | self.resources | self.verbs


def grants_of(role: Resource) -> Iterator[Grant]:
    """The rules of a role, in their order.

    Raises:
        UnknownValueError: If a part of a rule is not known yet.
    """
    return found_once(role, _MEMO, _grants)


def wildcards(role: Resource, *keys: str) -> Iterator[Violation]:
    """One violation for each wildcard in the lists of these names, of a role's rules.

    Args:
        role: The role.
        keys: Of `apiGroups`, `resources`, `verbs` and `nonResourceURLs`.
    """
    for node in role.root["rules"].items():
        for key in keys:
            for item in node[key].items():
                text = item.text() or ""
                if text == ANY or (key == "resources" and ANY in text.split("/")) or (key != "verbs" and text == "/*"):
                    yield Violation(item.path, f"the role grants {text!r} of {key}")


def cluster_wide(role: Resource) -> bool:
    """Whether a role may be bound for all namespaces at once."""
    return group_kind(role) == CLUSTER_ROLE


def _grants(role: Resource) -> Iterator[Grant]:
    for node in role.root["rules"].items():
        yield Grant(node, *(_texts(node[key]) for key in ("apiGroups", "resources", "verbs", "resourceNames")))


def _texts(node: Node) -> frozenset[str]:
    return frozenset(text for item in node.items() if (text := item.text()) is not None)
