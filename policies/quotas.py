from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from policies.amounts import amount_at
from policies.kinds import GroupKind, Placed, by_namespace, of_kinds
from policies.model import Resource, Stack
from policies.node import Node
from policies.unknown import UnknownValueError

RESOURCE_QUOTA: Final[GroupKind] = ("core", "ResourceQuota")
NAMESPACE: Final[GroupKind] = ("core", "Namespace")

_LONG: Final = {"cpu": "requests.cpu", "memory": "requests.memory"}
"""Short names of a ResourceQuota that mean a longer one."""


def namespace_quotas(stack: Stack) -> Placed[Resource]:
    """The ResourceQuotas that count everything, by namespace; those with a scope count a part and are left out."""
    whole: list[Resource] = []
    doubt = ""
    for quota in of_kinds(stack.resources, RESOURCE_QUOTA):
        try:
            if not _is_scoped(quota):
                whole.append(quota)
        except UnknownValueError as error:
            doubt = doubt or f"{quota.address}: {error.path}"
    placed = by_namespace(whole)
    placed.doubt = placed.doubt or doubt
    return placed


def _is_scoped(quota: Resource) -> bool:
    spec = quota.root["spec"]
    return any(bool(spec[name].value()) for name in ("scopes", "scopeSelector"))


def hard_limits(quota: Resource) -> Iterator[tuple[str, Node]]:
    """The limits of a ResourceQuota by their full names, such as `requests.cpu` for `cpu`."""
    for name, node in quota.root.at("spec", "hard").entries():
        yield _LONG.get(name, name), node


def least_limits(quotas: Iterable[Resource]) -> dict[str, Decimal]:
    """What several ResourceQuotas of one namespace allow together: the least that any of them says."""
    least: dict[str, Decimal] = {}
    for quota in quotas:
        for name, node in hard_limits(quota):
            value = amount_at(node)
            if value is not None:
                least[name] = min(value, least.get(name, value))
    return least
