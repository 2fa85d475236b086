"""How many nodes hold what: pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from infra.core.models import Args
from infra.core.quantity import Compute

USABLE_PERCENT = 90
"""Part of a node that pods get. The rest is for the system, the kubelet and the add-ons' pods on every node: a planning
figure of this project, to be replaced by what `kubectl describe node` says of Allocatable."""

Image = Literal["AL2023_x86_64_STANDARD", "AL2023_x86_64_NVIDIA"]


class Taint(Args):
    """What keeps pods away that do not ask for such a node."""

    key: str
    value: str
    effect: Literal["NO_SCHEDULE", "PREFER_NO_SCHEDULE"]


class NodeGroupSpec(Args):
    """Nodes of one kind."""

    name: str = Field(description="name of the group")
    instance_type: str = Field(description="type of its machines")
    capacity: Literal["ON_DEMAND", "SPOT"] = "ON_DEMAND"
    image: Image = "AL2023_x86_64_STANDARD"
    initial: int = Field(ge=0, description="nodes at first, and at least")
    maximum: int = Field(ge=1, description="nodes at most")
    taints: tuple[Taint, ...] = ()


class GpuNodes(Args):
    """Nodes with accelerators."""

    instance_type: str
    maximum: int = Field(ge=1)


SPOT_TAINT = Taint(key="platform/capacity", value="spot", effect="PREFER_NO_SCHEDULE")
"""Brokers and databases go there only when there is no other room."""

GPU_TAINT = Taint(key="nvidia.com/gpu", value="present", effect="NO_SCHEDULE")


def usable(node: Compute) -> Compute:
    """What pods get of a node."""
    return Compute(node.cpu * USABLE_PERCENT // 100, node.memory * USABLE_PERCENT // 100)


def nodes_for(amount: Compute, node: Compute) -> int:
    """Fewest nodes whose usable parts together are ``amount``."""
    room = usable(node)
    return max(-(-amount.cpu // room.cpu), -(-amount.memory // room.memory))


def packed(pods: Iterable[Compute], node: Compute) -> int:
    """Nodes on which all ``pods`` find a place, the largest first and each on the first node that holds it.

    Raises:
        ValueError: a pod is larger than what a node has for pods.
    """
    room = usable(node)
    free: list[Compute] = []
    for pod in sorted(pods, key=lambda pod: (pod.memory, pod.cpu), reverse=True):
        if pod.cpu > room.cpu or pod.memory > room.memory:
            raise ValueError(f"a pod that asks for {pod} fits on no node, which has {room} for pods")
        for index, left in enumerate(free):
            if pod.cpu <= left.cpu and pod.memory <= left.memory:
                free[index] = Compute(left.cpu - pod.cpu, left.memory - pod.memory)
                break
        else:
            free.append(Compute(room.cpu - pod.cpu, room.memory - pod.memory))
    return len(free)


def node_groups(
    *,
    node: Compute,
    instance_type: str,
    pods: Sequence[Compute],
    quota: Compute,
    tenants: Compute,
    zones: int,
    spot: bool,
    gpu: GpuNodes | None,
) -> tuple[NodeGroupSpec, ...]:
    """The groups whose nodes hold the quota when they are at their largest, and the platform's own pods at once.

    Args:
        node: what a node has.
        instance_type: its type.
        pods: what each pod of the platform asks for, at maximum replicas.
        quota: what everything in the environment may ask for.
        tenants: the part of it that is the tenants'.
        zones: zones with nodes; there is one in each.
        spot: whether the tenants' part is on machines that AWS may take back.
        gpu: nodes with accelerators, of which there are none until somebody asks for one.

    Raises:
        ValueError: a pod is larger than what a node has for pods.
    """
    initial = max(zones, packed(pods, node))
    steady = Compute(quota.cpu - tenants.cpu, quota.memory - tenants.memory) if spot else quota
    groups = [
        NodeGroupSpec(
            name="on-demand",
            instance_type=instance_type,
            initial=initial,
            maximum=max(initial, nodes_for(steady, node)),
        )
    ]
    if spot and tenants.cpu + tenants.memory:
        most = nodes_for(tenants, node)
        groups.append(
            NodeGroupSpec(
                name="spot",
                instance_type=instance_type,
                capacity="SPOT",
                initial=0,
                maximum=most,
                taints=(SPOT_TAINT,),
            )
        )
    if gpu is not None:
        groups.append(
            NodeGroupSpec(
                name="gpu",
                instance_type=gpu.instance_type,
                image="AL2023_x86_64_NVIDIA",
                initial=0,
                maximum=gpu.maximum,
                taints=(GPU_TAINT,),
            )
        )
    return tuple(groups)
