from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.host import said

FEED, GATEWAY, CONSUMER = "price-feed", "stream-gateway", "prediction-consumer"
FEATURES, MODEL = "feature-server", "model-server"
SERVICES = ("kafka", FEED, FEATURES, MODEL, CONSUMER, GATEWAY)
"""Workloads that a price comes through, in this order."""

JOBS = ("kafka-topics", "feature-job", "model-training")
"""Jobs without whose work there are no topics, features or model; a name may go on with the hash of its work."""

Object = dict[str, Any]


@dataclass(frozen=True)
class Hosted:
    """What runs in a sandbox, as its agent wrote it down.

    Attributes:
        pods: A container each.
        services: Where each Service is reached.
    """

    pods: tuple[Object, ...]
    services: tuple[Object, ...]

    @classmethod
    def read(cls, host: Path) -> Hosted:
        """What the agent last said; nothing when it said nothing yet.

        Args:
            host: The agent's directory.
        """
        found = said.read(host)
        return cls(tuple(found["pods"]), tuple(found["services"]))

    def url(self, service: str) -> str | None:
        """Where a Service is reached by HTTP; None while nothing is ready behind it."""
        for entry in self.services:
            if entry["name"] == service and entry["endpoints"] and not entry["problem"]:
                return f"http://{entry['address']}:{entry['port']}"
        return None

    def of(self, workload: str) -> list[Object]:
        """The containers of a workload."""
        return [pod for pod in self.pods if said.workload_of(pod) == workload]

    def log(self, workload: str) -> str:
        """Where the log of a workload is; empty when it never ran."""
        return next((str(pod["log"]) for pod in self.of(workload) if pod.get("log")), "")

    def missing(self) -> Iterator[str]:
        """What the path still waits for, in words."""
        for workload in SERVICES:
            pods = self.of(workload)
            if not any(pod["ready"] for pod in pods):
                yield f"{workload} {_state(pods)}"
        for job in JOBS:
            runs = [pod for pod in self.pods if said.workload_of(pod).startswith(job)]
            if runs and not any(pod["phase"] == "Succeeded" for pod in runs):
                yield f"{job} {_state(runs)}"


def _state(pods: list[Object]) -> str:
    if not pods:
        return "(not there)"
    pod = pods[-1]
    if pod["waiting"]:
        reason, message = pod["waiting"]
        return f"({reason}{': ' + message if message else ''})"
    restarts = f", restarted {pod['restarts']} times" if pod["restarts"] else ""
    return f"(not ready{restarts})" if pod["phase"] == "Running" else f"({pod['phase']}{restarts})"
