"""One of our services as a process of its own, as a container runtime starts it."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx

from sandbox.deathsignal import die_with_parent


class ServiceProcess:
    """`python -m <package>` on a free port; its log is read as it is written.

    Attributes:
        log: the lines so far.
        url: where it listens.
    """

    def __init__(self, package: str, folder: Path, environment: Mapping[str, str]) -> None:
        prefix = package.upper()
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
        own = {f"{prefix}_LISTEN_HOST": "127.0.0.1", f"{prefix}_LISTEN_PORT": "0", f"{prefix}_DRAIN_SECONDS": "0"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", package],
            cwd=folder,
            env=inherited | own | dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
        )
        self.log: list[dict[str, Any]] = []
        self._listening: queue.Queue[int | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        port = self._listening.get(timeout=60)
        assert port, f"{package} ended: {self.log}"
        self.url = f"http://127.0.0.1:{port}"

    def _read(self) -> None:
        assert self.process.stdout
        for text in self.process.stdout:
            try:
                line = json.loads(text)
            except ValueError:
                line = {"event": "not a line of the log", "text": text}
            self.log.append(line)
            if line["event"] == "listening":
                self._listening.put(line["port"])
        self._listening.put(None)

    def checks(self) -> dict[str, str | None]:
        """What `/readyz` says of each dependency: None when all is well with it, else why not."""
        report = httpx.get(f"{self.url}/readyz", timeout=10).json()
        return {check["name"]: None if check["ok"] else check["reason"] for check in report["checks"]}

    def wait_until_ready(self, seconds: float = 30.0) -> None:
        """Wait until nothing is wrong."""
        deadline = time.monotonic() + seconds
        while (wrong := [reason for reason in self.checks().values() if reason]) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not wrong, wrong

    def wait_for_reason(self, check: str, part: str, seconds: float = 20.0) -> str:
        """Wait until a dependency is said to be in trouble, and the reason has a part."""
        deadline = time.monotonic() + seconds
        while part not in (reason := self.checks().get(check) or "") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert part in reason, reason
        return reason

    def metric(self, name: str, **labels: str) -> float:
        """The value of a metric, 0 where it has none yet."""
        wanted = ",".join(f'{label}="{value}"' for label, value in labels.items())
        line = f"{name}{{{wanted}}} " if wanted else f"{name} "
        text = httpx.get(f"{self.url}/metrics", timeout=10).text
        return next((float(each.removeprefix(line)) for each in text.splitlines() if each.startswith(line)), 0.0)

    def kill(self) -> None:
        """End it as a machine that loses its power does."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        """Ask it to end."""
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> int:
        """The exit code, once it has ended by itself and its log was read to the last line."""
        code = self.process.wait(timeout=60)
        self.join_log()
        return code

    def join_log(self) -> None:
        """Return once the log of a process that has ended was read to its last line."""
        self._reader.join(timeout=10)


def end_all(processes: Iterable[ServiceProcess]) -> None:
    """End those that still run; fails where one has said what is no line of its log."""
    for process in processes:
        process.kill()
        process.join_log()
        strange = [line for line in process.log if line["event"] == "not a line of the log"]
        assert strange == [], "a traceback or warning reached standard error"
