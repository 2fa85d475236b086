"""What namespaces may take, and what all of them together may."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sandbox.deploy.compare.statements import compact, manifests, mapping, name_of, namespace_of
from sandbox.engine.events import StepPlanned
from sandbox.engine.providers.kubernetes.quantity import parse_quantity

NONE = "none"

_GIB = Decimal(1024) ** 3


@dataclass(frozen=True)
class QuotaChange:
    """A limit that differs.

    Attributes:
        where: `namespace/quota`; empty for the sum of all namespaces.
        resource: what is limited, such as `requests.cpu`.
        old: the limit in the base; `NONE` if there was none.
        new: the limit here; `NONE` if there is none.
    """

    where: str
    resource: str
    old: str
    new: str


def quota_changes(base: Iterable[StepPlanned], head: Iterable[StepPlanned]) -> list[QuotaChange]:
    """List the limits of ResourceQuotas that differ, then those sums of them that do."""
    old, new = _hard(base), _hard(head)
    found = [
        QuotaChange(*key, old.get(key, NONE), new.get(key, NONE))
        for key in sorted(old.keys() | new.keys())
        if not _same(old.get(key, NONE), new.get(key, NONE))
    ]
    before, after = _sums(old), _sums(new)
    for resource in sorted({change.resource for change in found}):
        was, now = (_told(resource, sums.get(resource)) for sums in (before, after))
        if was != now:
            found.append(QuotaChange("", resource, was, now))
    return found


def _hard(steps: Iterable[StepPlanned]) -> dict[tuple[str, str], str]:
    return {
        (f"{namespace_of(quota)}/{name_of(quota)}", resource): compact(limit)
        for quota in manifests(steps, "", "ResourceQuota")
        for resource, limit in mapping(quota, "spec", "hard").items()
    }


def _same(old: str, new: str) -> bool:
    left, right = parse_quantity(old), parse_quantity(new)
    return old == new or (left is not None and left == right)


def _sums(hard: Mapping[tuple[str, str], str]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for (_, resource), limit in hard.items():
        found[resource] = found.get(resource, Decimal(0)) + (parse_quantity(limit) or Decimal(0))
    return found


def _told(resource: str, amount: Decimal | None) -> str:
    if amount is None:
        return NONE
    if resource.endswith(("memory", "storage")):
        return f"{_short(amount / _GIB)} GiB"
    return _short(amount)


def _short(amount: Decimal) -> str:
    text = f"{amount:.3f}".rstrip("0").rstrip(".")
    return text or "0"
