"""What every command works with: project, stack, sandbox name, console."""

from __future__ import annotations

import json
import shutil
from argparse import Namespace
from dataclasses import replace
from typing import Any, Literal

from sandbox.deploy.environment import Environment
from sandbox.errors import ConfigurationError
from sandbox.host.wanted import wanted_programs
from sandbox.paths import SandboxPaths, project_root, validate_name
from sandbox.project import load_project

EngineName = Literal["pulumi", "embedded"]


def choose_engine(wanted: str) -> EngineName:
    """Decide which engine deploys.

    Args:
        wanted: `auto` takes the Pulumi CLI where there is one, `pulumi` insists on it, `embedded` does without.

    Raises:
        ConfigurationError: the Pulumi CLI is wanted and not there.
    """
    found = shutil.which("pulumi")
    if wanted == "pulumi" and found is None:
        raise ConfigurationError(
            "there is no Pulumi CLI on PATH",
            where="--engine pulumi",
            fix="install it (pulumi.com/docs/install), or use --engine embedded",
        )
    return "pulumi" if found is not None and wanted != "embedded" else "embedded"


def environment(arguments: Namespace, *, name: str | None = None) -> Environment:
    """Read the project and say which stack and sandbox a command is about.

    Raises:
        ConfigurationError: there is no such project, stack or name.
    """
    root = project_root()
    project = load_project(root)
    if not project.stack_file(arguments.stack).exists():
        known = ", ".join(project.stacks()) or "none"
        raise ConfigurationError(f"there is no stack {arguments.stack!r}", where="--stack", fix=f"use one of: {known}")
    chosen = validate_name(name or arguments.name or arguments.stack)
    return Environment(project, arguments.stack, SandboxPaths.of(chosen, root))


def hosting(arguments: Namespace, where: Environment) -> Environment:
    """The same environment, with pods that run where the user did not ask for a simulation."""
    return replace(where, programs=wanted_programs(where.stack, refused=arguments.no_host_processes))


def require_sandbox_stack(arguments: Namespace, engine: EngineName) -> None:
    """Refuse to deploy a stack of the cloud without the Pulumi CLI.

    Raises:
        ConfigurationError: names the rehearsal that does it on the sandbox.
    """
    if engine == "embedded" and arguments.stack != "local":
        raise ConfigurationError(
            f"the stack {arguments.stack!r} is deployed to its cloud by the Pulumi CLI, which is not on PATH",
            where="--stack",
            fix=f"install the Pulumi CLI, or try the stack on the sandbox: sandbox rehearse --stack {arguments.stack}",
        )


def print_json(data: Any) -> None:
    """Print the one document of a command's result."""
    print(json.dumps(data, indent=2, sort_keys=False))
