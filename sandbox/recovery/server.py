"""Velero itself, run beside a sandbox: its server and its plugin for S3, for as long as a drill takes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.control_plane.endpoints import Endpoints
from sandbox.control_plane.ports import LOOPBACK, free_port
from sandbox.deathsignal import die_with_parent
from sandbox.errors import SandboxError
from sandbox.tools.resolver import resolve

PROGRAM, PLUGIN = "velero", "velero-plugin-for-aws"
STOP_SECONDS = 10.0


class VeleroServer:
    """A running server.

    Args:
        process: Its process, which dies with this one.
        log: What it says.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def check(self) -> None:
        """Look whether it still runs.

        Raises:
            SandboxError: It has ended; the message has its last words.
        """
        if self._process.poll() is not None:
            raise SandboxError(
                f"Velero has ended with {self._process.returncode}: {self.last_words()}", where=str(self._log)
            )

    def last_words(self, lines: int = 3) -> str:
        """The end of its log, in one line."""
        try:
            text = self._log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return "it said nothing"
        return " / ".join(line.strip()[:300] for line in text.strip().splitlines()[-lines:])


@contextmanager
def running(
    endpoints: Endpoints, home: Path, namespace: str, progress: Callable[[str], None]
) -> Iterator[VeleroServer]:
    """Run Velero against a sandbox, in the namespace of its custom resources, until the block ends.

    It gets the sandbox's addresses and nothing of this machine's: no KUBECONFIG, no AWS configuration, no home.

    Args:
        endpoints: The running sandbox.
        home: A directory for its plugin, its scratch space and its log.
        namespace: Where its locations, schedules, backups and restores are.
        progress: Told of everything that takes long.

    Raises:
        SandboxError: It cannot be had or cannot be started.
    """
    programs = resolve((PROGRAM, PLUGIN), progress)
    plugins, scratch, log = home / "plugins", home / "scratch", home / "velero.log"
    for directory in (plugins, scratch):
        directory.mkdir(parents=True, exist_ok=True)
    link = plugins / PLUGIN
    link.unlink(missing_ok=True)
    link.symlink_to(programs[PLUGIN])
    with log.open("wb") as stream:
        try:
            process = subprocess.Popen(
                _command(programs[PROGRAM], endpoints, plugins, namespace),
                env=_environment(endpoints, scratch, namespace),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd=home,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
            )
        except OSError as error:
            raise SandboxError(
                f"Cannot start Velero: {error.strerror or error}", where=str(programs[PROGRAM])
            ) from error
    try:
        yield VeleroServer(process, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command(program: Path, endpoints: Endpoints, plugins: Path, namespace: str) -> list[str]:
    return [
        str(program),
        "server",
        f"--kubeconfig={endpoints.kubeconfig_path}",
        f"--namespace={namespace}",
        f"--plugin-dir={plugins}",
        f"--metrics-address={LOOPBACK}:{free_port()}",
        f"--profiler-address={LOOPBACK}:{free_port()}",
        # The declared schedules are not to make backups of their own here, which nobody would remove.
        "--disable-controllers=schedule,gc",
        "--item-operation-sync-frequency=1s",
        # What a restore meets that is still going is gone in seconds here.
        "--terminating-resource-timeout=1m",
    ]


def _environment(endpoints: Endpoints, scratch: Path, namespace: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "VELERO_NAMESPACE": namespace,
        "VELERO_SCRATCH_DIR": str(scratch),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        # The declared location names no address: AWS's own is replaced for this process.
        "AWS_ENDPOINT_URL_S3": endpoints.moto_url,
    }
