from __future__ import annotations

import ipaddress
import socket
import sys
import zlib

from sandbox.control_plane.pki import SERVICE_RANGE
from sandbox.errors import SandboxError

POD_NETWORK = ipaddress.ip_network("10.245.0.0/16")
"""What pods of this machine report as their address. kwok deals out 10.244.0.0/16 to the simulated ones."""

SERVICE_NETWORK = ipaddress.ip_network(SERVICE_RANGE)
"""The range of ClusterIPs."""

HEADLESS_NETWORK = ipaddress.ip_network("10.97.0.0/16")
"""Addresses that stand for Services without one. Only this machine's proxies know them; no object names them."""

_FIRST, _SLICES, _STEP = 64, 60, 3
"""127.64.0.0 to 127.243.255.255 as 60 slices of three /16 networks: pods, Services, headless Services."""


class Claim:
    """One slice of this machine's loopback network, held as long as the process lives.

    Two sandboxes may not give the same loopback address away. The claim is a name of an abstract socket, which the
    kernel frees however its owner ends, and which is seen wherever the same loopback network is.

    Attributes:
        slice: The slice's number, 0 to 59.
    """

    def __init__(self, number: int, guard: socket.socket) -> None:
        self.slice = number
        self._guard = guard

    @classmethod
    def take(cls, preferred: str) -> Claim:
        """Claim a free slice; the same name gets the same one as long as that is free.

        Raises:
            SandboxError: This system has no such network, or all slices are taken.
        """
        if not sys.platform.startswith("linux"):
            raise SandboxError(
                "Pods run as processes on Linux only: elsewhere 127.0.0.1 is the one loopback address",
                fix="leave all pods simulated: sandbox up --no-host-processes",
            )
        begin = zlib.crc32(preferred.encode()) % _SLICES
        for offset in range(_SLICES):
            number = (begin + offset) % _SLICES
            guard = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                guard.bind(f"\0sandbox-loopback-{number}")
            except OSError:
                guard.close()
                continue
            return cls(number, guard)
        raise SandboxError(
            f"All {_SLICES} slices of the loopback network are taken by other sandboxes",
            fix="end a sandbox that is not needed any more: sandbox status, sandbox down",
        )

    def release(self) -> None:
        """Give the slice back."""
        self._guard.close()


class Addresses:
    """Which loopback address stands for which address of the cluster, one to one.

    Pods get their address by name and keep it, so that what was told of a pod of a StatefulSet stays true when the pod
    is made anew.

    Args:
        number: The slice of the loopback network.
    """

    def __init__(self, number: int) -> None:
        second = _FIRST + number * _STEP
        self._networks = {
            POD_NETWORK: ipaddress.ip_network(f"127.{second}.0.0/16"),
            SERVICE_NETWORK: ipaddress.ip_network(f"127.{second + 1}.0.0/16"),
            HEADLESS_NETWORK: ipaddress.ip_network(f"127.{second + 2}.0.0/16"),
        }
        self._given: dict[tuple[str, str], str] = {}
        self._taken: dict[str, str] = {}

    def loopback(self, address: str) -> str | None:
        """The loopback address of an address of the cluster; None when it is of no network that is mapped."""
        try:
            asked = ipaddress.ip_address(address)
        except ValueError:
            return None
        for network, real in self._networks.items():
            if asked in network:
                return str(real.network_address + (int(asked) - int(network.network_address)))
        return None

    def of_pod(self, namespace: str, name: str) -> str:
        """The address that a pod reports. The same name has the same address until it is forgotten.

        Raises:
            SandboxError: Every address is in use.
        """
        return self._give("pod", f"{namespace}/{name}", POD_NETWORK)

    def of_headless(self, namespace: str, name: str) -> str:
        """The address that stands for a Service without a ClusterIP.

        Raises:
            SandboxError: Every address is in use.
        """
        return self._give("headless", f"{namespace}/{name}", HEADLESS_NETWORK)

    def forget_pod(self, namespace: str, name: str) -> None:
        """Free the address of a pod that will not come again by this name."""
        address = self._given.pop(("pod", f"{namespace}/{name}"), None)
        if address is not None:
            del self._taken[address]

    def _give(self, kind: str, owner: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
        known = self._given.get((kind, owner))
        if known is not None:
            return known
        size = network.num_addresses - 2
        begin = zlib.crc32(owner.encode()) % size
        for offset in range(size):
            address = str(network.network_address + 1 + (begin + offset) % size)
            if address not in self._taken:
                self._given[(kind, owner)] = address
                self._taken[address] = owner
                return address
        raise SandboxError(
            f"All {size} addresses of {network} are in use; none is left for {owner}", fix="delete some pods"
        )
