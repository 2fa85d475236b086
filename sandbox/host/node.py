from __future__ import annotations

import asyncio
import os
import platform
from typing import Any

from sandbox.control_plane.api_client import ApiError
from sandbox.control_plane.nodes import HOST_LABEL, HOST_NODE, REGION, ZONES
from sandbox.host.api import MERGE, STRATEGIC, Api
from sandbox.host.podstatus import timestamp

Object = dict[str, Any]
LEASE_SECONDS = 240
_RENEW_SECONDS = 60.0
NODE_IP = "127.0.0.1"


def node_manifest(room: Object) -> Object:
    """The node that really runs pods.

    It is in the first zone, so that it adds no zone in which a simulated pod could never be. Its room is that of all
    simulated nodes together: what fits the environment fits it.

    Args:
        room: Its capacity.
    """
    labels = {
        "kubernetes.io/hostname": HOST_NODE,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": _architecture(),
        "topology.kubernetes.io/region": REGION,
        "topology.kubernetes.io/zone": ZONES[0],
        HOST_LABEL: "true",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": HOST_NODE, "labels": labels},
        "status": {"capacity": room, "allocatable": room},
    }


def node_status(room: Object) -> Object:
    """Its status: ready, with pressure of no kind."""
    now = timestamp()
    conditions = [
        {"type": kind, "status": status, "reason": reason, "lastHeartbeatTime": now, "lastTransitionTime": now}
        for kind, status, reason in (
            ("Ready", "True", "AgentReady"),
            ("MemoryPressure", "False", "NotMeasured"),
            ("DiskPressure", "False", "NotMeasured"),
            ("PIDPressure", "False", "NotMeasured"),
        )
    ]
    information = {
        "architecture": _architecture(),
        "operatingSystem": "linux",
        "osImage": "this machine",
        "kernelVersion": platform.release(),
        "containerRuntimeVersion": "process://1",
        "kubeletVersion": "sandbox-host",
        "kubeProxyVersion": "sandbox-host",
        "bootID": "",
        "machineID": "",
        "systemUUID": "",
    }
    return {
        "capacity": room,
        "allocatable": room,
        "conditions": conditions,
        "addresses": [{"type": "InternalIP", "address": NODE_IP}, {"type": "Hostname", "address": HOST_NODE}],
        "nodeInfo": information,
    }


async def register(api: Api, room: Object) -> None:
    """Register the node, or take it up again, and report that it is ready.

    One that is there keeps its room: it may have been changed since this agent was told of it.

    Raises:
        ApiError: The API server refused or did not answer.
    """
    manifest = node_manifest(room)
    path = f"/api/v1/nodes/{HOST_NODE}"
    status = node_status(room)
    if await api.find(path) is None:
        await api.request("POST", "/api/v1/nodes", manifest)
    else:
        del status["capacity"], status["allocatable"]
        await api.request("PATCH", path, {"metadata": {"labels": manifest["metadata"]["labels"]}}, content_type=MERGE)
    await api.request("PATCH", f"{path}/status", {"status": status}, content_type=STRATEGIC)


async def keep_lease(api: Api) -> None:
    """Say every minute that the node is alive, for ever; an API server that is away is waited for."""
    space = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
    while True:
        now = timestamp().replace("Z", ".000000Z")
        spec = {"holderIdentity": HOST_NODE, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now}
        try:
            if await api.find(f"{space}/{HOST_NODE}") is None:
                lease = {"metadata": {"name": HOST_NODE}, "spec": spec}
                await api.request("POST", space, lease)
            else:
                await api.request("PATCH", f"{space}/{HOST_NODE}", {"spec": spec}, content_type=MERGE)
        except ApiError:
            await asyncio.sleep(1.0)
            continue
        await asyncio.sleep(_RENEW_SECONDS)


def _architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
