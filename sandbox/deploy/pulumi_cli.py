"""Deploys with the Pulumi CLI: the local stack to the sandbox with a state of its own, others to their cloud."""

from __future__ import annotations

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
from sandbox.deploy.emulation import overrides
from sandbox.deploy.environment import Environment
from sandbox.deploy.inventory_check import differences, remember_before
from sandbox.errors import SandboxError
from sandbox.project import load_stack

_RAISED_LIMITS = {
    "PULUMI_K8S_CLIENT_QPS": "400",
    "PULUMI_K8S_CLIENT_BURST": "800",
    "PULUMI_PARALLEL": "64",
}
"""The Kubernetes provider limits itself to 50 requests a second; a local API server takes more."""


class PulumiCli:
    """Runs the Pulumi CLI for one stack."""

    def __init__(self, where: Environment, progress: Callable[[str], None]) -> None:
        self._where = where
        self._progress = progress
        self._local = where.stack == "local"

    def up(self, arguments: Namespace) -> int:
        """Run `pulumi up`; returns its exit code."""
        options = ["--yes", "--skip-preview"] if self._local else []
        return self._run("up", [*options, *self._packs(), *_refresh(arguments), *_json(arguments)])

    def preview(self, arguments: Namespace) -> int:
        """Run `pulumi preview`; returns 1 when changes were found and none were expected."""
        expected = ["--expect-no-changes"] if arguments.expect_no_changes else []
        return self._run("preview", [*expected, *self._packs(), *_refresh(arguments), *_json(arguments)])

    def down(self, arguments: Namespace) -> int:
        """Run `pulumi destroy`; for the local stack also prove that nothing is left, and stop the sandbox."""
        code = self._run("destroy", [*(["--yes"] if self._local else []), *_json(arguments)])
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

    def _packs(self) -> list[str]:
        folder = self._where.project.root / "policies" / "packs"
        packs = sorted(path.parent for path in folder.glob("*/PulumiPolicy.yaml"))
        return [option for pack in packs for option in ("--policy-pack", str(pack))]

    def _run(self, command: str, options: list[str]) -> int:
        environment = dict(os.environ)
        if self._local:
            endpoints = self._where.start(self._progress)
            remember_before(self._where, endpoints)
            environment |= self._sandbox_environment(endpoints)
            options = [*options, "--config-file", str(self._config_file(endpoints))]
            self._call(["stack", "select", "--create", "--stack", self._where.stack], environment)
        return self._call([command, "--stack", self._where.stack, *options], environment)

    def _call(self, arguments: list[str], environment: dict[str, str]) -> int:
        command = ["pulumi", *arguments, "--non-interactive"]
        return subprocess.run(command, cwd=self._where.project.root, env=environment, check=False).returncode

    def _sandbox_environment(self, endpoints: Endpoints) -> dict[str, str]:
        folder = self._where.paths.home / "pulumi"
        folder.mkdir(parents=True, exist_ok=True)
        passphrase = folder / "passphrase"
        if not passphrase.exists():
            write_text(passphrase, secrets.token_urlsafe(32))
        return _RAISED_LIMITS | {
            "PULUMI_BACKEND_URL": folder.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_SKIP_CHECKPOINTS": "true",
            "KUBECONFIG": str(endpoints.kubeconfig_path),
        }

    def _config_file(self, endpoints: Endpoints) -> Path:
        """Copy the stack's configuration with the sandbox's addresses, so that the committed file stays as it is."""
        source = self._where.project.stack_file(self._where.stack)
        data: dict[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
        project = self._where.project.name
        configuration = load_stack(self._where.project, self._where.stack)
        changes = overrides(configuration.values, project, endpoints) | {"aws.endpoint": endpoints.moto_url}
        config = data.setdefault("config", {})
        for dotted, value in changes.items():
            section, _, field = dotted.partition(".")
            config.setdefault(f"{project}:{section}", {})[field] = value
        target = self._where.paths.home / "pulumi" / source.name
        write_text(target, yaml.safe_dump(data, sort_keys=False))
        return target


def _refresh(arguments: Namespace) -> list[str]:
    return ["--refresh"] if getattr(arguments, "refresh", False) else []


def _json(arguments: Namespace) -> list[str]:
    return ["--json"] if getattr(arguments, "json", False) else []
