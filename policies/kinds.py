from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from policies.model import Resource
from policies.unknown import UnknownValueError

_MEMO = "group-kind"
_DEFAULT: Final = "default"

GroupKind = tuple[str, str]
"""An API group (`core` for the group without a name) and a kind, such as `("apps", "Deployment")`."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Kinds:
    """Picks Kubernetes objects of the kinds given, whatever the version of their API.

    Attributes:
        kinds: Group and kind of each.
    """

    kinds: frozenset[GroupKind]

    @property
    def summary(self) -> str:
        """The kinds with their groups, sorted."""
        return ", ".join(f"{kind} ({group})" for group, kind in sorted(self.kinds, key=lambda pair: pair[::-1]))

    def targets(self, resource: Resource) -> Iterable[Resource]:
        """The resource itself, if it is of one of the kinds."""
        return (resource,) if group_kind(resource) in self.kinds else ()


def kinds(*members: GroupKind) -> Kinds:
    """A selector of the kinds given."""
    return Kinds(frozenset(members))


def group_kind(resource: Resource) -> GroupKind:
    """The API group and kind of a Kubernetes object; two empty texts for anything else."""
    found: GroupKind | None = resource.memo.get(_MEMO)
    if found is None:
        prefix, _, rest = resource.type.partition(":")
        api, _, kind = rest.rpartition(":")
        found = (api.partition("/")[0], kind) if prefix == "kubernetes" else ("", "")
        resource.memo[_MEMO] = found
    return found


def of_kinds(resources: Iterable[Resource], *members: GroupKind) -> list[Resource]:
    """Those of the resources that are of one of the kinds, in their order."""
    return [resource for resource in resources if group_kind(resource) in members]


def name_of(resource: Resource) -> str:
    """The object's own name; the name that Pulumi gives where the manifest leaves it to be generated.

    Raises:
        UnknownValueError: If it is not known yet.
    """
    return resource.root.at("metadata", "name").text() or resource.name.rpartition("/")[2]


def namespace_of(resource: Resource) -> str:
    """The namespace that a namespaced object is in; `default` if its manifest names none.

    Raises:
        UnknownValueError: If it is not known yet.
    """
    return resource.root.at("metadata", "namespace").text() or _DEFAULT


class Placed(dict[str, list[Item]]):
    """Things by the namespace that they are in.

    Attributes:
        doubt: The first of the things of which it is not known yet where or what they are; empty if there is none.
    """

    doubt: str = ""

    def vouch(self) -> None:
        """Say that none is missing from view; to be asked before something is reported because there is none.

        Raises:
            UnknownValueError: If there is a doubt.
        """
        if self.doubt:
            raise UnknownValueError(self.doubt)


def by_namespace(resources: Iterable[Resource]) -> Placed[Resource]:
    """Namespaced objects by their namespace; of those whose namespace is not known yet the first is the doubt."""
    grouped: Placed[Resource] = Placed()
    for resource in resources:
        try:
            grouped.setdefault(namespace_of(resource), []).append(resource)
        except UnknownValueError as error:
            grouped.doubt = grouped.doubt or f"{resource.address}: {error.path}"
    return grouped
