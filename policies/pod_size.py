"""What one pod counts against a quota, as the API server and the scheduler add it up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from policies.amounts import amount_at
from policies.node import Node

COMPUTE: Final = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
"""The compute resources of a ResourceQuota, by the names that it uses."""

Amounts = dict[str, Decimal]
"""Amounts by the names of a ResourceQuota, in cores, bytes and pieces."""

ZERO: Final = Decimal(0)


def pod_size(spec: Node, defaults: Mapping[str, Decimal]) -> Amounts:
    """Requests and limits of one pod (Kubernetes, Init Containers and Sidecar Containers, "Resource sharing").

    Containers and sidecars run together; an init container runs beside the sidecars before it. The larger of the two
    sums counts, and the overhead of the pod's runtime. Resources of the pod as a whole take the place of the sum.

    Args:
        spec: The pod spec.
        defaults: What a LimitRange gives to containers that say nothing, by the names of a ResourceQuota.
    """
    return {name: _total(spec, name, defaults) for name in COMPUTE}


def claims_of(spec: Node) -> list[Node]:
    """The sizes of the volumes that are claimed for one pod alone and go with it."""
    path = ("ephemeral", "volumeClaimTemplate", "spec")
    volumes = (volume.at(*path) for volume in spec["volumes"].items())
    return [claim.at("resources", "requests", "storage") for claim in volumes if claim.exists()]


def _total(spec: Node, name: str, defaults: Mapping[str, Decimal]) -> Decimal:
    sort, _, resource = name.partition(".")
    overhead = amount_at(spec["overhead"][resource]) or ZERO
    whole = amount_at(spec["resources"][sort][resource])
    if whole is not None:
        return whole + overhead
    sidecars, before = ZERO, ZERO
    for container in spec["initContainers"].items():
        size = _container(container, sort, resource, defaults)
        if container["restartPolicy"].text() == "Always":
            sidecars += size
            before = max(before, sidecars)
        else:
            before = max(before, sidecars + size)
    together = sum((_container(it, sort, resource, defaults) for it in spec["containers"].items()), sidecars)
    return max(before, together) + overhead


def _container(container: Node, sort: str, resource: str, defaults: Mapping[str, Decimal]) -> Decimal:
    resources = container["resources"]
    own = amount_at(resources[sort][resource])
    if own is None and sort == "requests":
        # The API server takes a limit for the request that is not there.
        own = amount_at(resources["limits"][resource])
    if own is None:
        own = defaults.get(f"{sort}.{resource}")
    return max(own, ZERO) if own is not None else ZERO
