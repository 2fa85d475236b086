"""Applies the same 1,000 objects in three ways, each into an empty namespace."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp

from bench.report import line
from sandbox.control_plane import Endpoints, destroy, ensure_running
from sandbox.deploy.embedded import EmbeddedEngine
from sandbox.deploy.environment import Environment
from sandbox.engine.events import Event
from sandbox.engine.providers.kubernetes import Connection
from sandbox.paths import SandboxPaths
from sandbox.project import load_project
from sandbox.tools.resolver import resolve

PROGRAM = Path(__file__).parent / "program"
_AT_ONCE = 32
_RUNS = 3


def main() -> None:
    """Print the medians and the ratios that matter."""
    name = f"bench-{secrets.token_hex(3)}"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        where = Environment(load_project(PROGRAM), "local", SandboxPaths.of(name, root))
        endpoints = ensure_running(name, progress=lambda _: None, root=root)
        try:
            _compare(where, endpoints)
        finally:
            destroy(name, root=root)


def _compare(where: Environment, endpoints: Endpoints) -> None:
    floors, raws, ups, noops, kubectls = [], [], [], [], []
    for round_ in range(_RUNS):
        floors.append(_floor())
        raws.append(asyncio.run(_raw(endpoints, f"raw-{round_}")))
        kubectls.append(_kubectl(endpoints, f"kubectl-{round_}"))
        ups.append(_engine(where, endpoints, "apply"))
        noops.append(_engine(where, endpoints, "plan"))
        _engine(where, endpoints, "destroy")
    floor, raw, up, noop, kubectl = (sorted(each)[_RUNS // 2] for each in (floors, raws, ups, noops, kubectls))
    print(f"medians of {_RUNS} rounds, 1,000 ConfigMaps of about 1 kB in 100 components")
    line("SDK floor (program against a monitor that answers at once)", floor, "s")
    line("raw server-side apply, 32 at once", raw, "s")
    line("kubectl apply --server-side", kubectl, "s")
    line("up (the apply run, process start included)", up, "s", against="1.5 x raw + floor", limit=1.5 * raw + floor)
    line("up against kubectl", up, "s", against="kubectl", limit=kubectl)
    line("no-op up (the plan run, process start included)", noop, "s", against="2 x floor", limit=2 * floor)


def _floor() -> float:
    begin = time.perf_counter()
    command = [sys.executable, "-m", "bench.objects.floor", str(PROGRAM / "infra")]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begin


def _engine(where: Environment, endpoints: Endpoints, mode: str) -> float:
    def listen(_: Event) -> None:
        return None

    begin = time.perf_counter()
    with closing(EmbeddedEngine(where)) as engine:
        report = getattr(engine, mode)(endpoints, listen)
    seconds = time.perf_counter() - begin
    if not report.ok or (mode == "plan" and report.changes):
        raise SystemExit(f"the {mode} run failed: {report.diagnostics} {report.failures}")
    return seconds


def _bodies(namespace: str) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"group-{number}-{index}", "namespace": namespace},
            "data": {f"key-{row}": "value " * 16 for row in range(10)},
        }
        for number in range(100)
        for index in range(10)
    ]


async def _raw(endpoints: Endpoints, namespace: str) -> float:
    connection = Connection.of(endpoints)
    connector = aiohttp.TCPConnector(limit=_AT_ONCE, ssl=connection.tls())
    async with aiohttp.ClientSession(connection.url, connector=connector) as session:
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        await _apply(session, f"/api/v1/namespaces/{namespace}", space)
        begin = time.perf_counter()
        path = f"/api/v1/namespaces/{namespace}/configmaps"
        await asyncio.gather(
            *(_apply(session, f"{path}/{body['metadata']['name']}", body) for body in _bodies(namespace))
        )
        return time.perf_counter() - begin


async def _apply(session: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/apply-patch+yaml"}
    params = {"fieldManager": "bench", "force": "true"}
    async with session.patch(path, params=params, data=json.dumps(body), headers=headers) as answer:
        answer.raise_for_status()
        await answer.read()


def _kubectl(endpoints: Endpoints, namespace: str) -> float:
    kubectl = resolve(["kubectl"], lambda _: None)["kubectl"]
    base = [str(kubectl), "--kubeconfig", str(endpoints.kubeconfig_path)]
    subprocess.run([*base, "create", "namespace", namespace], check=True, capture_output=True)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"apiVersion": "v1", "kind": "List", "items": _bodies(namespace)}, file)
        file.flush()
        begin = time.perf_counter()
        subprocess.run([*base, "apply", "--server-side", "-f", file.name], check=True, capture_output=True)
        return time.perf_counter() - begin
