"""One stack on one sandbox: where its files stand, which nodes it has, and that it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from sandbox.control_plane.endpoints import Endpoints
from sandbox.control_plane.lifecycle import ensure_running
from sandbox.control_plane.nodes import NodeSize, sizes_from_json
from sandbox.paths import SandboxPaths
from sandbox.project import Project

_NODES = Path(__file__).parent / "environments.yaml"


@dataclass(frozen=True)
class Environment:
    """A stack and the sandbox that it is deployed to.

    Attributes:
        project: the Pulumi project.
        stack: the stack's name.
        paths: the sandbox's files.
        programs: the module that knows which images run as processes; empty when all pods are simulated, None to do
            what the sandbox did when it last ran.
    """

    project: Project
    stack: str
    paths: SandboxPaths
    programs: str | None = None

    @property
    def state_path(self) -> Path:
        """The embedded engine's state of this stack."""
        return self.paths.home / "state" / f"{self.stack}.db"

    @property
    def lock_path(self) -> Path:
        """The lock of runs on this sandbox; outside its folder, which `down` removes."""
        return self.paths.root / ".sandbox" / f".{self.paths.name}.run.lock"

    @property
    def inventory_path(self) -> Path:
        """What the sandbox held before this stack was first deployed."""
        return self.paths.home / "state" / f"{self.stack}.before.json"

    def nodes(self) -> tuple[NodeSize, ...]:
        """Return the simulated nodes of the stack."""
        sizes = yaml.safe_load(_NODES.read_text(encoding="utf-8"))
        return sizes_from_json(sizes.get(self.stack, sizes["local"]))

    def start(self, progress: Callable[[str], None]) -> Endpoints:
        """Start the sandbox unless it runs, and wait until it is ready.

        Raises:
            SandboxError: it cannot be started; says why and what to do.
        """
        return ensure_running(
            self.paths.name, nodes=self.nodes(), progress=progress, root=self.paths.root, programs=self.programs
        )
