from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import ConfigurationError

SIMULATED_LABEL = "sandbox.platform/simulated"
HOST_LABEL = "sandbox.platform/host"
HOST_NODE = "host"
"""The node whose pods really run, as processes of this machine (sandbox.host)."""

REGION = "local"
ZONES = ("local-a", "local-b", "local-c")
_UNITS = {
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
LIMIT = 500  # of nodes; more make kwok's heartbeats the main load of the machine


@dataclass(frozen=True)
class NodeSize:
    """Simulated nodes of one size.

    Attributes:
        cpu: Processors of each node, as a Kubernetes quantity.
        memory: Memory of each node, as a Kubernetes quantity.
        count: How many of them.
        pods: Pods that each node takes.
        labels: Further labels, such as ``node.kubernetes.io/instance-type``.
    """

    cpu: str
    memory: str
    count: int = 1
    pods: int = 110
    labels: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "cpu": self.cpu,
            "memory": self.memory,
            "count": self.count,
            "pods": self.pods,
            "labels": self.labels,
        }


DEFAULT_NODES = (NodeSize(cpu="8", memory="32Gi", count=3),)


def node_manifests(sizes: Iterable[NodeSize]) -> list[dict[str, Any]]:
    """The nodes to register, named ``node-<number>`` and dealt over three zones.

    Raises:
        ConfigurationError: There is no node, or there are too many.
    """
    each = [size for size in sizes for _ in range(size.count)]
    if not 1 <= len(each) <= LIMIT:
        raise ConfigurationError(
            f"A sandbox of {len(each)} nodes was asked for; it takes 1 to {LIMIT}", fix="change the node sizes"
        )
    return [_manifest(f"node-{index:03d}", ZONES[index % len(ZONES)], size) for index, size in enumerate(each)]


def room_of(sizes: Iterable[NodeSize]) -> dict[str, str]:
    """The room of all nodes together."""
    each = list(sizes)
    return {
        "cpu": f"{sum(millis(size.cpu) * size.count for size in each)}m",
        "memory": str(sum(millis(size.memory) // 1000 * size.count for size in each)),
        "pods": str(sum(size.pods * size.count for size in each)),
        "ephemeral-storage": "100Gi",
    }


def millis(quantity: str) -> int:
    """Thousandths of a Kubernetes quantity."""
    if quantity.endswith("m"):
        return int(quantity[:-1])
    number = quantity.rstrip("KMGTik")
    return int(float(number) * 1000) * _UNITS[quantity[len(number) :]]


def sizes_from_json(data: Sequence[dict[str, Any]]) -> tuple[NodeSize, ...]:
    """Read the JSON form of node sizes."""
    return tuple(NodeSize(**entry) for entry in data)


def _manifest(name: str, zone: str, size: NodeSize) -> dict[str, Any]:
    room = {"cpu": size.cpu, "memory": size.memory, "pods": str(size.pods), "ephemeral-storage": "100Gi"}
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": REGION,
        "topology.kubernetes.io/zone": zone,
        SIMULATED_LABEL: "true",
        **size.labels,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"capacity": room, "allocatable": room},
    }
