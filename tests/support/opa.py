"""The policy engine itself, built from its pinned Go module, for tests that ask it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.control_plane.ports import free_port
from sandbox.deathsignal import die_with_parent
from sandbox.tools.cache import cached_path, exclusive, install, is_program, workspace
from sandbox.tools.golang import find_go, go_version, wheel_go
from sandbox.tools.platforms import current_platform
from sandbox.tools.registry import Tool
from sandbox.tools.resolver import reports_version

MODULE = Path(__file__).parent / "tools" / "opa"
GO_MINIMUM = (1, 26)  # what the go.mod of this version of OPA asks for
OPA = Tool(
    name="opa",
    version="v1.22.0",
    module=str(MODULE),
    package="github.com/open-policy-agent/opa",
    ldflags="-s -w",
    version_args=("version",),
    release=None,
    optional=True,
)
TOKEN = "a-token-of-a-test-that-is-long-enough"
DECISION = "/v1/data/platform/access/decision"
START_SECONDS = 30.0


def opa_program() -> Path:
    """The program: on PATH at the pinned version, cached, or built (90 s on 2 cores with empty caches)."""
    found = shutil.which(OPA.name)
    if found and reports_version(Path(found), OPA):
        return Path(found)
    target = cached_path(OPA, current_platform())
    with exclusive(target, print, what=f"{OPA.name} {OPA.version}"):
        if not is_program(target):
            with workspace(target.parent) as directory:
                install(_build(directory), target)
    assert reports_version(target, OPA)
    return target


def _build(directory: Path) -> Path:
    go = find_go(print)
    if (go_version(go) or (0, 0)) < GO_MINIMUM:
        go = wheel_go(print)
    program = directory / OPA.name
    command = [str(go), "build", "-p", "2", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", OPA.ldflags]
    answer = subprocess.run(
        [*command, "-o", str(program), OPA.package],
        cwd=MODULE,
        env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return program


@dataclass
class OpaServer:
    """A running server.

    Attributes:
        url: where decisions are asked for.
        diagnostics: where health and metrics are asked for.
        log: file with everything that it says, a JSON document in each line.
    """

    process: subprocess.Popen[bytes]
    url: str
    diagnostics: str
    log: Path
    token: str | None = field(default=TOKEN)

    def request(self, path: str, *, method: str = "GET", body: Any = None, at: str | None = None) -> tuple[int, Any]:
        """Status and answer of one request; 0 when nobody answers."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request((at or self.url) + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        except (urllib.error.URLError, ConnectionError):
            return 0, None
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode()

    def decide(self, question: Any) -> Any:
        """The decision on one question."""
        status, answer = self.request(DECISION, method="POST", body={"input": question})
        assert status == 200, answer
        return answer.get("result")

    def ready(self) -> bool:
        return self.request("/health/ready", at=self.diagnostics)[0] == 200

    def decisions(self) -> list[dict[str, Any]]:
        """Every entry of the decision log."""
        entries = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [entry for entry in entries if entry.get("msg") == "Decision Log"]


@contextmanager
def opa_server(
    folder: Path,
    arguments: list[str],
    *,
    environment: Mapping[str, str] | None = None,
    wait: str = "/health/live",
    status: int = 200,
) -> Iterator[OpaServer]:
    """Run the server in ``folder`` with a workload's own arguments, on ports of its own, until the block ends.

    Args:
        folder: directory with its files; in ``arguments`` it stands in the place of ``/etc/opa``.
        arguments: the arguments of the container.
        environment: the environment of the container.
        wait: what is asked until it answers with ``status``; then the block begins.
        status: the status to wait for.
    """
    api, diagnostics = free_port(), free_port()
    replaced = [_local(text, folder, api, diagnostics) for text in arguments]
    log = folder.parent / f"{folder.name}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(opa_program()), *replaced],
            cwd=folder,
            env=dict(environment or {}),
            stdout=stream,
            stderr=stream,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
        )
        server = OpaServer(process, f"http://127.0.0.1:{api}", f"http://127.0.0.1:{diagnostics}", log)
        try:
            deadline = time.monotonic() + START_SECONDS
            while server.request(wait, at=server.diagnostics)[0] != status:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield server
        finally:
            process.kill()
            process.wait()


def _local(argument: str, folder: Path, api: int, diagnostics: int) -> str:
    for before, after in (
        ("--addr=0.0.0.0:8181", f"--addr=127.0.0.1:{api}"),
        ("--diagnostic-addr=0.0.0.0:8282", f"--diagnostic-addr=127.0.0.1:{diagnostics}"),
        ("/etc/opa", str(folder)),
    ):
        argument = argument.replace(before, after)
    return argument
