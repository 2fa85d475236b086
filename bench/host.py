"""What it costs to run pods as processes: a pod's start beside the process's own, the idle agent, a Service's proxy."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.report import line
from tests.support.hosted import Hosted, get, hosted_sandbox, is_ready, pod_spec, service, until, workload

START_LIMIT = 0.1
"""Seconds that a pod may take beyond its process."""
IDLE_LIMIT = 2.0
"""Percent of a core that the agent may take when nothing changes."""
_STARTS = 15
_PODS = 10
_IDLE_SECONDS = 30.0
_REQUESTS = 400
_PROGRAM = [sys.executable, "-m", "tests.support.host_program"]


def main() -> None:
    """Start one sandbox and print the three."""
    with tempfile.TemporaryDirectory() as folder, hosted_sandbox(Path(folder)) as hosted:
        _starts(hosted)
        _proxy(hosted)
        _idle(hosted)


def _starts(hosted: Hosted) -> None:
    alone = sorted(_process_seconds() for _ in range(_STARTS))
    pods = []
    for number in range(_STARTS):
        name = f"start-{number}"
        body = {"metadata": {"name": name, "labels": {"app": name}}, "spec": pod_spec(probes=False)}
        pods.append(_until_answered(lambda body=body: hosted.create("pods", body), _address_of(hosted, name)))
        hosted.client.request("DELETE", hosted.path("pods", name))
    extra = statistics.median(pods) - statistics.median(alone)
    line("process alone: started to first answer (median)", statistics.median(alone) * 1000, "ms")
    line("pod: created to first answer (median)", statistics.median(pods) * 1000, "ms")
    line("pod beyond its process (median)", extra * 1000, "ms", against="limit", limit=START_LIMIT * 1000)


def _process_seconds() -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "LISTEN_HOST": "127.0.0.1", "PORT": str(port)}
    processes: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        processes.append(subprocess.Popen(_PROGRAM, env=environment, stdout=subprocess.DEVNULL))

    try:
        return _until_answered(start, lambda: ("127.0.0.1", port))
    finally:
        processes[0].kill()
        processes[0].wait()


def _address_of(hosted: Hosted, name: str) -> Callable[[], tuple[str, int] | None]:
    """Finds out the pod's address from the API server and the mapping that its node has."""
    known: list[str] = []

    def address() -> tuple[str, int] | None:
        if not known:
            reported = hosted.client.get(hosted.path("pods", name)).get("status", {}).get("podIP")
            if not reported:
                return None
            known.append(_mapped(hosted, reported))
        return known[0], 8080

    return address


def _mapped(hosted: Hosted, reported: str) -> str:
    """The loopback address of a reported one: the same last two numbers, below the sandbox's own first two."""
    if not hosted.prefix:
        entry = until(lambda: [each for each in hosted.said()["pods"] if each["address"]], "the first pod")[0]
        hosted.prefix = ".".join(entry["address"].split(".")[:2])
    return f"{hosted.prefix}.{'.'.join(reported.split('.')[2:])}"


def _until_answered(begin: Callable[[], object], address: Callable[[], tuple[str, int] | None]) -> float:
    start = time.perf_counter()
    begin()
    while True:
        where = address()
        try:
            if where is not None:
                get(where[0], port=where[1])
                return time.perf_counter() - start
        except OSError:
            pass  # it does not listen yet
        time.sleep(0.002)


def _proxy(hosted: Hosted) -> None:
    hosted.create("services", service("web"))
    hosted.create("deployments", workload("web", pod_spec()))
    until(lambda: [pod for pod in hosted.pods("web") if is_ready(pod)], "it is ready")
    proxy = hosted.service_address("web")
    pod = hosted.entry("web")["address"]
    for address in (pod, proxy):
        get(address)
    times: dict[str, list[float]] = {pod: [], proxy: []}
    for _ in range(_REQUESTS):
        for address, seconds in times.items():
            begin = time.perf_counter()
            get(address)
            seconds.append((time.perf_counter() - begin) * 1000)
    direct, proxied = (statistics.median(times[address]) for address in (pod, proxy))
    line("request to a pod, a connection each (median)", direct, "ms")
    line("the same through the Service's proxy (median)", proxied, "ms", against="the pod", limit=direct * 3)
    line("the same through the proxy, 99th percentile", statistics.quantiles(times[proxy], n=100)[98], "ms")


def _idle(hosted: Hosted) -> None:
    hosted.create("deployments", workload("idle", pod_spec(), replicas=_PODS))
    until(lambda: len([pod for pod in hosted.pods("idle") if is_ready(pod)]) == _PODS, "all are ready", seconds=60)
    status = json.loads((hosted.home / "status.json").read_text(encoding="utf-8"))
    agent = status["parts"]["host"]["pid"]
    time.sleep(2.0)
    before = _processor_seconds(agent)
    time.sleep(_IDLE_SECONDS)
    share = (_processor_seconds(agent) - before) / _IDLE_SECONDS * 100
    line(f"agent with {_PODS + 1} pods, each probed twice a second", share, "%", against="limit", limit=IDLE_LIMIT)
    resident = int(Path(f"/proc/{agent}/statm").read_text(encoding="ascii").split()[1])
    line("its memory", resident * os.sysconf("SC_PAGE_SIZE") / 2**20, "MiB")


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
