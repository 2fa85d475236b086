"""What parts of the platform use in a month, in the units of the price table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from infra.core.catalog.prices import CPU, MEMORY, VOLUME
from infra.core.cost.schedule import runs_a_month
from infra.core.quantity import Compute, gibibytes
from infra.core.workload.spec import WorkloadSpec

HOURS_A_MONTH = 730
"""Hours in a month as AWS bills and estimates them: 365 days of 24 hours over 12 months."""

PLATFORM = "platform"
"""Tenant of what serves everybody."""


@dataclass(frozen=True)
class Usage:
    """An amount of one thing that has a price.

    Attributes:
        component: part of the platform that uses it.
        tenant: who it serves.
        item: what it is, for people.
        price: id of its row in the price table.
        typical: amount in an ordinary month, in the price's unit.
        idle: amount when nothing happens: autoscaling at its minimum, no job runs.
        survives: amount that is still paid for after everything was destroyed.
    """

    component: str
    tenant: str
    item: str
    price: str
    typical: Fraction
    idle: Fraction
    survives: Fraction = Fraction(0)


@dataclass(frozen=True)
class Running:
    """Pods of one kind, and their volumes.

    Attributes:
        name: the workload's name.
        typical: requests of all pods in an ordinary month.
        idle: likewise, when nothing happens.
        hours: hours a month for which they run.
        storage: bytes of all volumes.
        kept: whether the volumes outlive the workload.
        tenant: who it serves.
    """

    name: str
    typical: Compute
    idle: Compute
    hours: Fraction = Fraction(HOURS_A_MONTH)
    storage: int = 0
    kept: bool = False
    tenant: str = PLATFORM

    def usages(self) -> Iterator[Usage]:
        """Core-hours, GiB-hours and GiB-months."""
        for item, price, amounts in (
            ("CPU", CPU, tuple(Fraction(amount.cpu, 1000) * self.hours for amount in (self.typical, self.idle))),
            ("memory", MEMORY, tuple(gib(amount.memory) * self.hours for amount in (self.typical, self.idle))),
        ):
            yield Usage(self.name, self.tenant, item, price, *amounts)
        if self.storage:
            size = gib(self.storage)
            yield Usage(self.name, self.tenant, "volumes", VOLUME, size, size, size if self.kept else Fraction(0))


def gib(amount: int) -> Fraction:
    """Bytes in GiB, which is what AWS calls a GB (Amazon S3 pricing: 1 GB is 1,073,741,824 bytes)."""
    return Fraction(amount, gibibytes(1))


def running(spec: WorkloadSpec, *, keep: bool) -> Running:
    """What a workload runs in a month.

    An autoscaled workload typically has as many replicas as halfway between its least and its most, and the least when
    idle. A job is counted with its full time limit: a one-off job once a month, a CronJob as often as its schedule says
    but never more than all the time, since it forbids two runs at once.

    Args:
        spec: the workload.
        keep: whether its volumes outlive it.
    """
    replicas = spec.replicas
    typical = -(-(spec.fewest + replicas.maximum) // 2)
    hours = Fraction(HOURS_A_MONTH)
    one_run = Fraction(spec.time_limit_seconds, 3600)
    if spec.kind == "job":
        hours = min(hours, one_run)
    elif spec.kind == "cronjob":
        hours = min(hours, one_run * runs_a_month(spec.schedule or ""))
    once = spec.kind in ("job", "cronjob")
    return Running(
        name=spec.name,
        typical=spec.resources.requests * typical,
        idle=Compute() if once else spec.resources.requests * spec.fewest,
        hours=hours,
        storage=spec.storage.size * replicas.maximum if spec.storage else 0,
        kept=keep,
        tenant=spec.ownership.tenant,
    )
