"""What an environment costs in a month: typically, when idle, and after everything was destroyed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from infra.core.catalog.prices import CPU, MEMORY, VOLUME, PriceCatalog
from infra.core.cost.usage import HOURS_A_MONTH, Usage, gib
from infra.core.quota import Share

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Amounts:
    """US dollars a month, in whole cents.

    Attributes:
        typical: in an ordinary month.
        idle: when nothing happens: autoscaling at its minimum, no job runs.
        survives: what is still paid for after everything was destroyed.
    """

    typical: Decimal = Decimal("0.00")
    idle: Decimal = Decimal("0.00")
    survives: Decimal = Decimal("0.00")

    def __add__(self, other: Amounts) -> Amounts:
        """Both together."""
        return Amounts(self.typical + other.typical, self.idle + other.idle, self.survives + other.survives)


@dataclass(frozen=True)
class Line:
    """One usage with what it costs; every total is a sum of lines, so that reports add up to the cent."""

    usage: Usage
    usd: Amounts


@dataclass(frozen=True)
class Estimate:
    """The cost of one environment.

    Attributes:
        environment: the environment.
        lines: everything that costs, in the order of declaration; empty where nothing is paid for.
        ceilings: for each tenant, what its ResourceQuota costs when it is full all month.
        notes: what a reader must know of the figures.
    """

    environment: str
    lines: Sequence[Line]
    ceilings: Mapping[str, Decimal]
    notes: Sequence[str]

    @property
    def total(self) -> Amounts:
        """All lines together."""
        return sum((line.usd for line in self.lines), Amounts())

    def by_component(self) -> Mapping[str, Amounts]:
        """Amounts of each part of the platform, in the order of declaration."""
        return self._grouped(lambda usage: usage.component)

    def by_tenant(self) -> Mapping[str, Amounts]:
        """Amounts of each tenant, of those first that something is declared for; the platform is one of them."""
        found = self._grouped(lambda usage: usage.tenant)
        return found | {tenant: found.get(tenant, Amounts()) for tenant in self.ceilings}

    def _grouped(self, key: Callable[[Usage], str]) -> dict[str, Amounts]:
        groups: dict[str, Amounts] = {}
        for line in self.lines:
            name = key(line.usage)
            groups[name] = groups.get(name, Amounts()) + line.usd
        return groups

    def as_output(self) -> dict[str, Any]:
        """The stack output ``monthlyCost``: plain values, US dollars rounded to cents.

        ``most`` of a tenant is what its quota costs when it is full; of the environment, the typical cost and all of
        those.
        """
        total = self.total
        return {
            "environment": self.environment,
            **_numbers(total),
            "most": float(total.typical + sum(self.ceilings.values(), Decimal(0))),
            "byComponent": {name: _numbers(amounts) for name, amounts in sorted(self.by_component().items())},
            "byTenant": {
                name: _numbers(amounts) | ({"most": float(self.ceilings[name])} if name in self.ceilings else {})
                for name, amounts in sorted(self.by_tenant().items())
            },
        }


def estimate(
    environment: str,
    usages: Iterable[Usage],
    tenants: Iterable[Share],
    prices: PriceCatalog,
    notes: Sequence[str] = (),
) -> Estimate:
    """Price everything.

    Args:
        environment: the environment.
        usages: what is used in a month, in the order of declaration.
        tenants: what each tenant's ResourceQuota allows.
        prices: the price table.
        notes: what a reader must know of the figures.

    Raises:
        KeyError: a usage of something that has no price.
    """
    lines = [Line(usage, _priced(usage, prices.usd(usage.price))) for usage in usages]
    ceilings = {tenant.name: ceiling(tenant, prices) for tenant in tenants}
    return Estimate(environment, tuple(lines), ceilings, tuple(notes))


def ceiling(tenant: Share, prices: PriceCatalog) -> Decimal:
    """What a tenant's quota costs in a month in which all its CPU, memory and volumes are asked for all the time."""
    cores = Fraction(tenant.requests.cpu, 1000)
    compute = cores * prices.usd(CPU) + gib(tenant.requests.memory) * prices.usd(MEMORY)
    return _cents(compute * HOURS_A_MONTH + gib(tenant.storage) * prices.usd(VOLUME))


def _priced(usage: Usage, usd: Fraction) -> Amounts:
    return Amounts(_cents(usage.typical * usd), _cents(usage.idle * usd), _cents(usage.survives * usd))


def _cents(amount: Fraction) -> Decimal:
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    return exact.quantize(CENT, rounding=ROUND_HALF_UP)


def _numbers(amounts: Amounts) -> dict[str, float]:
    return {
        "typical": float(amounts.typical),
        "idle": float(amounts.idle),
        "survivesDestroy": float(amounts.survives),
    }
