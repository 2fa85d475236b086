"""Quota arithmetic: what runs at most must fit what is allowed, before anything is declared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def namespace_budget(shares: Iterable[Share]) -> Budget:
    """The least ResourceQuota, in whole cores and GiB, under which all ``shares`` run at maximum replicas."""
    requests, limits, pods, storage, volumes = Compute(), Compute(), 0, 0, 0
    for share in shares:
        requests, limits = requests + share.requests, limits + share.limits
        pods, storage, volumes = pods + share.pods, storage + share.storage, volumes + share.volumes
    return Budget(_whole(requests), _whole(limits), pods, storage, volumes)


def shortfall(shares: Sequence[Share], limit: Compute) -> str | None:
    """Why ``shares`` do not fit ``limit``: by how much, and which share is largest. None when they fit."""
    total = sum((share.requests for share in shares), Compute())
    if total.fits(limit):
        return None
    over = []
    if total.cpu > limit.cpu:
        largest = max(shares, key=lambda share: share.requests.cpu)
        over.append(
            f"{format_cpu(total.cpu)} CPU is asked for, {format_cpu(total.cpu - limit.cpu)} more than there is; "
            f"{largest.namespace}/{largest.name} asks for {format_cpu(largest.requests.cpu)} of it"
        )
    if total.memory > limit.memory:
        largest = max(shares, key=lambda share: share.requests.memory)
        over.append(
            f"{readable_memory(total.memory)} memory is asked for, "
            f"{readable_memory(total.memory - limit.memory)} more than there is; "
            f"{largest.namespace}/{largest.name} asks for {readable_memory(largest.requests.memory)} of it"
        )
    return "; ".join(over)


def _whole(amount: Compute) -> Compute:
    gib = gibibytes(1)
    return Compute(-(-amount.cpu // CORE) * CORE, -(-amount.memory // gib) * gib)
