from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sandbox.host.addresses import Addresses
from sandbox.host.proxy import Balancer, Target

Object = dict[str, Any]
Key = tuple[str, str]
_SERVICE_LABEL = "kubernetes.io/service-name"


class Services:
    """The Services of the cluster: what their names stand for here, and a proxy for each port.

    A Service without a ClusterIP has a proxy too, at an address of its own: what was told a name once cannot ask again
    as it would ask a DNS server. Connections are dealt out in turn; affinity to clients is not kept.

    Args:
        addresses: Which loopback address stands for which address of the cluster.
        changed: Told when the proxies have become others.
    """

    def __init__(self, addresses: Addresses, changed: Callable[[], None] = lambda: None) -> None:
        self._addresses, self._tell = addresses, changed
        self._services: dict[Key, Object] = {}
        self._slices: dict[Key, dict[str, Object]] = defaultdict(dict)
        self._balancers: dict[Key, dict[int, Balancer]] = {}
        self._going: set[str] = set()
        self._dirty: set[Key] = set()
        self._wake = asyncio.Event()
        self._changed = asyncio.Condition()

    def on_service(self, kind: str, service: Object) -> None:
        """Take a change of a Service."""
        key = (service["metadata"]["namespace"], service["metadata"]["name"])
        if kind == "DELETED":
            self._services.pop(key, None)
        else:
            self._services[key] = service
        self._touch(key)

    def on_slice(self, kind: str, piece: Object) -> None:
        """Take a change of an EndpointSlice."""
        metadata = piece["metadata"]
        name = (metadata.get("labels") or {}).get(_SERVICE_LABEL)
        if not name:
            return
        key = (metadata["namespace"], name)
        if kind == "DELETED":
            self._slices[key].pop(metadata["name"], None)
        else:
            self._slices[key][metadata["name"]] = piece
        self._touch(key)

    def drain(self, address: str) -> None:
        """Send no more connections to a pod that is about to end, before its endpoints say so."""
        self._going.add(address)
        for key, pieces in self._slices.items():
            if any(address in (each.get("addresses") or ()) for piece in pieces.values() for each in _endpoints(piece)):
                self._touch(key)

    def undrain(self, address: str) -> None:
        """A pod with the address has ended; another may come to have it."""
        self._going.discard(address)

    def address_of(self, namespace: str, name: str) -> str | None:
        """Where a Service is reached here; None when there is none of that name."""
        service = self._services.get((namespace, name))
        if service is None:
            return None
        cluster_ip = service["spec"].get("clusterIP")
        if not cluster_ip or cluster_ip == "None":
            cluster_ip = self._addresses.of_headless(namespace, name)
        return self._addresses.loopback(cluster_ip)

    def lookup(self, name: str, namespace: str, pod: str) -> str | None:
        """What ``[<pod>.]<name>.<namespace>.svc`` stands for here; None when there is no such Service.

        A pod of it need not be there yet: pods have their addresses by name.
        """
        if (namespace, name) not in self._services:
            return None
        if pod:
            return self._addresses.loopback(self._addresses.of_pod(namespace, pod))
        return self.address_of(namespace, name)

    def qualified(self) -> dict[str, str]:
        """Every Service as ``<name>.<namespace>``, and where it is reached here."""
        found = {f"{name}.{namespace}": self.address_of(namespace, name) for namespace, name in self._services}
        return {name: address for name, address in found.items() if address}

    def bare(self, namespace: str) -> dict[str, str]:
        """The Services of one namespace by their names alone, and where they are reached here."""
        found = {name: self.address_of(space, name) for space, name in self._services if space == namespace}
        return {name: address for name, address in found.items() if address}

    async def run(self) -> None:
        """Keep the proxies as the Services and their endpoints are, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            dirty, self._dirty = self._dirty, set()
            for key in dirty:
                await self._settle(key)
            self._tell()
            async with self._changed:
                self._changed.notify_all()

    async def wait_until_unlisted(self, address: str, seconds: float) -> None:
        """Wait until no endpoints name the pod as ready, for so many seconds at most."""

        async def unlisted() -> None:
            async with self._changed:
                await self._changed.wait_for(lambda: not self._is_listed(address))

        try:
            await asyncio.wait_for(unlisted(), timeout=seconds)
        except TimeoutError:
            return

    async def close(self) -> None:
        """Stop all proxies."""
        for balancers in self._balancers.values():
            for balancer in balancers.values():
                await balancer.close()

    def to_json(self) -> list[Object]:
        """Where each Service that has an endpoint here is reached."""
        found = []
        for (namespace, name), balancers in sorted(self._balancers.items()):
            for balancer in balancers.values():
                if balancer.targets or balancer.problem:
                    entry = {"namespace": namespace, "name": name, "address": balancer.address, "port": balancer.port}
                    found.append({**entry, "endpoints": len(balancer.targets), "problem": balancer.problem})
        return found

    def _touch(self, key: Key) -> None:
        self._dirty.add(key)
        self._wake.set()

    def _is_listed(self, address: str) -> bool:
        return any(
            address in (each.get("addresses") or ()) and _takes_more(each.get("conditions") or {})
            for pieces in self._slices.values()
            for piece in pieces.values()
            for each in _endpoints(piece)
        )

    async def _settle(self, key: Key) -> None:
        address = self.address_of(*key)
        balancers = self._balancers.setdefault(key, {})
        wanted: dict[int, list[Target]] = {}
        if address is not None:
            for port in self._services[key]["spec"].get("ports") or []:
                if port.get("protocol", "TCP") == "TCP":
                    wanted[int(port["port"])] = self._targets(key, port.get("name") or "")
        for number, balancer in list(balancers.items()):
            if number not in wanted or balancer.address != address:
                await balancer.close()
                del balancers[number]
        for number, targets in wanted.items():
            if number not in balancers:
                assert address is not None
                balancers[number] = Balancer(address, number)
            await balancers[number].set_targets(targets)
        if not balancers:
            del self._balancers[key]

    def _targets(self, key: Key, port: str) -> list[Target]:
        """Endpoints that are ready; when there is none, those that still serve while they end, as kube-proxy has it."""
        ready: list[Target] = []
        ending: list[Target] = []
        for piece in self._slices[key].values():
            numbers = [int(each["port"]) for each in piece.get("ports") or [] if (each.get("name") or "") == port]
            for endpoint in _endpoints(piece):
                conditions = endpoint.get("conditions") or {}
                for address in endpoint.get("addresses") or ():
                    here = self._addresses.loopback(address)
                    if here is None:
                        continue  # a simulated pod: nobody is there
                    targets = [(here, number) for number in numbers]
                    if conditions.get("ready", True) and address not in self._going:
                        ready += targets
                    elif conditions.get("serving", conditions.get("ready", True)):
                        ending += targets
        return sorted(set(ready)) or sorted(set(ending))


def _endpoints(piece: Object) -> list[Object]:
    return piece.get("endpoints") or []


def _takes_more(conditions: Object) -> bool:
    return bool(conditions.get("ready", True)) and not conditions.get("terminating")
