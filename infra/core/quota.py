"""Quota arithmetic: what runs at most must fit what is allowed, before anything is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.core.quantity import Compute, format_cpu, gibibytes, readable_memory

CORE = 1000


@dataclass(frozen=True)
class Share:
    """What one workload, operator or tenant takes of a quota.

    Attributes:
        name: the workload's name, or the tenant's.
        namespace: namespace whose ResourceQuota counts it.
        requests: requests at maximum replicas, with what a rolling update adds.
        limits: limits, likewise.
        pods: pods, likewise.
        storage: bytes of its volumes.
        volumes: number of its volumes.
    """

    name: str
    namespace: str
    requests: Compute
    limits: Compute
    pods: int
    storage: int = 0
    volumes: int = 0


@dataclass(frozen=True)
class Budget:
    """Numbers of one namespace's ResourceQuota; CPU in millicores, memory and storage in bytes."""

    requests: Compute
    limits: Compute
    pods: int
    storage: int
    volumes: int


@dataclass(frozen=True)
class Overrun:
    """One resource of which more is asked for than there is.

    Attributes:
        resource: the resource, in the words of a ResourceQuota.
        asked: all that is asked for, for people.
        excess: how much of it is too much.
        limit: how much there is.
        breaks: the first share, in the order of declaration, with which the sum no longer fits: namespace/name.
        takes: how much that one asks for.
        largest: the share that asks for most: namespace/name.
        largest_takes: how much that one asks for.
    """

    resource: str
    asked: str
    excess: str
    limit: str
    breaks: str
    takes: str
    largest: str
    largest_takes: str

    def __str__(self) -> str:
        """One clause: what is asked for, by how much it is too much, and because of whom."""
        text = f"{self.asked} {self.resource} is asked for, {self.excess} more than there is ({self.limit}): "
        text += f"{self.breaks} ({self.takes}) no longer fits"
        return text if self.largest == self.breaks else f"{text}, and {self.largest} ({self.largest_takes}) is largest"


def namespace_budget(shares: Iterable[Share]) -> Budget:
    """The least ResourceQuota, in whole cores and GiB, under which all ``shares`` run at maximum replicas."""
    requests, limits, pods, storage, volumes = Compute(), Compute(), 0, 0, 0
    for share in shares:
        requests, limits = requests + share.requests, limits + share.limits
        pods, storage, volumes = pods + share.pods, storage + share.storage, volumes + share.volumes
    return Budget(_whole(requests), _whole(limits), pods, storage, volumes)


def overruns(shares: Sequence[Share], limit: Compute) -> tuple[Overrun, ...]:
    """What of ``limit`` the requests of ``shares`` exceed; nothing when they fit.

    The order of ``shares`` is that of their declaration: the one that is blamed is the first that no longer fits.
    """
    return tuple(_compare(shares, _COMPUTE, Budget(limit, limit, 0, 0, 0)))


def namespace_overruns(shares: Iterable[Share], budgets: Mapping[str, Budget]) -> Iterator[tuple[str, Overrun]]:
    """Namespace and overrun of every resource of a ResourceQuota that the shares of its namespace exceed.

    Args:
        shares: shares of any namespaces; one without a budget is not counted, since nothing limits it.
        budgets: numbers of the ResourceQuota of each namespace.
    """
    everything = list(shares)
    for namespace, budget in budgets.items():
        own = [share for share in everything if share.namespace == namespace]
        for overrun in _compare(own, (*_COMPUTE, *_NAMESPACED), budget):
            yield namespace, overrun


@dataclass(frozen=True)
class _Resource:
    name: str
    of: Callable[[Share | Budget], int]
    shown: Callable[[int], str]


_COMPUTE = (
    _Resource("CPU", lambda amount: amount.requests.cpu, format_cpu),
    _Resource("memory", lambda amount: amount.requests.memory, readable_memory),
)
_NAMESPACED = (
    _Resource("CPU limit", lambda amount: amount.limits.cpu, format_cpu),
    _Resource("memory limit", lambda amount: amount.limits.memory, readable_memory),
    _Resource("pods", lambda amount: amount.pods, str),
    _Resource("storage", lambda amount: amount.storage, readable_memory),
    _Resource("volumes", lambda amount: amount.volumes, str),
)


def _compare(shares: Sequence[Share], resources: Iterable[_Resource], budget: Budget) -> Iterator[Overrun]:
    for resource in resources:
        limit, total = resource.of(budget), 0
        breaking: Share | None = None
        for share in shares:
            total += resource.of(share)
            if total > limit and breaking is None:
                breaking = share
        if breaking is None:
            continue
        largest = max(shares, key=resource.of)
        yield Overrun(
            resource=resource.name,
            asked=resource.shown(total),
            excess=resource.shown(total - limit),
            limit=resource.shown(limit),
            breaks=f"{breaking.namespace}/{breaking.name}",
            takes=resource.shown(resource.of(breaking)),
            largest=f"{largest.namespace}/{largest.name}",
            largest_takes=resource.shown(resource.of(largest)),
        )


def _whole(amount: Compute) -> Compute:
    gib = gibibytes(1)
    return Compute(-(-amount.cpu // CORE) * CORE, -(-amount.memory // gib) * gib)
