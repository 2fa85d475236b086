"""Deploys with the Pulumi CLI: the local stack to the sandbox with a state of its own, others to their cloud."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from sandbox.control_plane.endpoints import Endpoints, write_text
from sandbox.control_plane.lifecycle import destroy as destroy_sandbox
from sandbox.deploy.cloud.place import cloud_place
from sandbox.deploy.emulation import overrides
from sandbox.deploy.environment import Environment
from sandbox.deploy.inventory_check import differences, remember_before
from sandbox.deploy.pulumi_events import to_document
from sandbox.errors import SandboxError
from sandbox.project import load_stack

_RAISED_LIMITS = {
    "PULUMI_K8S_CLIENT_QPS": "400",
    "PULUMI_K8S_CLIENT_BURST": "800",
    "PULUMI_PARALLEL": "64",
}
"""The Kubernetes provider limits itself to 50 requests a second; a local API server takes more."""


_KNOWN_CODES = (0, 1, 2)
"""What this command may end with; the CLI has more codes for failures."""

_KEY_FIELDS = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""How a configuration file names the key of its stack's secrets."""


class PulumiCli:
    """Runs the Pulumi CLI for one stack."""

    def __init__(self, where: Environment, progress: Callable[[str], None]) -> None:
        self._where = where
        self._progress = progress
        self._local = where.stack == "local"

    def up(self, arguments: Namespace) -> int:
        """Run `pulumi up`; returns its exit code."""
        options = ["--skip-preview"] if self._local else []
        return self._change(
            "up", [*self._unasked(arguments), *options, *self._packs(), *_refresh(arguments)], arguments
        )

    def preview(self, arguments: Namespace) -> int:
        """Run `pulumi preview`; returns 1 when changes were found and none were expected."""
        expected = ["--expect-no-changes"] if arguments.expect_no_changes else []
        json_option = ["--json"] if arguments.json else []
        done = self._run("preview", [*expected, *self._packs(), *_refresh(arguments), *json_option])
        return _exit_code(done)

    def down(self, arguments: Namespace) -> int:
        """Run `pulumi destroy`; for the local stack also prove that nothing is left, and stop the sandbox."""
        code = self._change("destroy", self._unasked(arguments), arguments)
        if code or not self._local:
            return code
        left = differences(self._where, self._where.start(self._progress))
        if left:
            raise SandboxError(
                f"left behind: {'; '.join(left)}",
                where=f"the sandbox {self._where.paths.name}",
                fix="look at the named objects, then run this command again",
            )
        destroy_sandbox(self._where.paths.name, root=self._where.paths.root)
        return 0

    def _unasked(self, arguments: Namespace) -> list[str]:
        # a stack of the cloud is changed after a question, as by the CLI itself, unless the user answered it before
        return ["--yes"] if self._local or getattr(arguments, "yes", False) else []

    def _packs(self) -> list[str]:
        folder = self._where.project.root / "policies" / "packs"
        packs = sorted(path.parent for path in folder.glob("*/PulumiPolicy.yaml"))
        return [option for pack in packs for option in ("--policy-pack", str(pack))]

    def _change(self, command: str, options: list[str], arguments: Namespace) -> int:
        """Run a command that changes the stack; with `--json` the events that it streams become one document."""
        if not arguments.json:
            return _exit_code(self._run(command, options))
        done = self._run(command, [*options, "--json"], captured=True)
        code = _exit_code(done)
        print(json.dumps(to_document(done.stdout.splitlines(), ok=code == 0), indent=2))
        return code

    def _run(self, command: str, options: list[str], *, captured: bool = False) -> subprocess.CompletedProcess[str]:
        environment: dict[str, str] = dict(os.environ)
        if self._local:
            endpoints = self._where.start(self._progress)
            remember_before(self._where, endpoints)
            file = self._config_file(endpoints)
            environment = self._sandbox_environment(endpoints)
            self._create_stack(environment)
            options = [*options, "--config-file", str(file)]
        elif place := cloud_place(self._where.project, self._where.stack):
            # Where its file pins the state to; a login to another backend does not count, a variable does.
            environment["PULUMI_BACKEND_URL"] = place.backend_url
        arguments = [command, "--stack", self._where.stack, *options]
        stdout = subprocess.PIPE if captured else None
        return self._call(arguments, environment, self._where.project.root, stdout=stdout)

    def _call(
        self,
        arguments: list[str],
        environment: dict[str, str],
        folder: Path,
        *,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> subprocess.CompletedProcess[str]:
        silent = self._local or "--yes" in arguments
        command = ["pulumi", *arguments, *(["--non-interactive"] if silent else [])]
        return subprocess.run(
            command, cwd=folder, env=environment, check=False, stdout=stdout, stderr=stderr, text=True
        )

    @property
    def _home(self) -> Path:
        return self._where.paths.home / "pulumi"

    @property
    def _source(self) -> Path:
        return self._where.project.stack_file(self._where.stack)

    def _sandbox_environment(self, endpoints: Endpoints) -> dict[str, str]:
        environment = dict(os.environ) | _RAISED_LIMITS
        environment |= {
            "PULUMI_BACKEND_URL": self._home.as_uri(),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_SKIP_CHECKPOINTS": "true",
            "KUBECONFIG": str(endpoints.kubeconfig_path),
        }
        committed = yaml.safe_load(self._source.read_text(encoding="utf-8"))
        if not any(field in committed for field in _KEY_FIELDS):
            # a committed file with secrets has a key of its own, and its passphrase is the user's
            passphrase = self._home / "passphrase"
            if not passphrase.exists():
                write_text(passphrase, secrets.token_urlsafe(32))
            environment.pop("PULUMI_CONFIG_PASSPHRASE", None)  # it would count for more than the file
            environment["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(passphrase)
        return environment

    def _create_stack(self, environment: dict[str, str]) -> None:
        """Create the stack unless it is there, in a project folder of the sandbox's own.

        Pulumi writes the salt of the stack's key into the configuration file beside Pulumi.yaml, which is here the
        sandbox's copy; the committed file stays as it is.

        Raises:
            SandboxError: the CLI refuses; says what it printed.
        """
        project = {"name": self._where.project.name, "runtime": "python"}
        write_text(self._home / "Pulumi.yaml", yaml.safe_dump(project, sort_keys=False))
        arguments = ["stack", "select", "--create", "--stack", self._where.stack]
        done = self._call(arguments, environment, self._home, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            raise SandboxError(
                f"the Pulumi CLI cannot create the stack {self._where.stack!r}: {done.stderr.strip()}",
                where=str(self._home),
                fix="mend what it names, or use --engine embedded",
            )

    def _config_file(self, endpoints: Endpoints) -> Path:
        """Write the stack's configuration with the sandbox's addresses, and with the key that the stack has already."""
        data: dict[str, Any] = yaml.safe_load(self._source.read_text(encoding="utf-8"))
        target = self._home / self._source.name
        if target.exists():
            before: dict[str, Any] = yaml.safe_load(target.read_text(encoding="utf-8"))
            data = {key: before[key] for key in _KEY_FIELDS if key in before} | data
        project = self._where.project.name
        configuration = load_stack(self._where.project, self._where.stack)
        changes = overrides(configuration.values, project, endpoints) | {"aws.endpoint": endpoints.moto_url}
        config = data.setdefault("config", {})
        for dotted, value in changes.items():
            section, _, field = dotted.partition(".")
            config.setdefault(f"{project}:{section}", {})[field] = value
        self._home.mkdir(parents=True, exist_ok=True)
        write_text(target, yaml.safe_dump(data, sort_keys=False))
        return target


def _refresh(arguments: Namespace) -> list[str]:
    return ["--refresh"] if getattr(arguments, "refresh", False) else []


def _exit_code(done: subprocess.CompletedProcess[str]) -> int:
    return done.returncode if done.returncode in _KNOWN_CODES else 1
