"""The proof of a teardown: what the sandbox holds after `down` is what it held before `up`."""

from __future__ import annotations

import json

from sandbox.control_plane.endpoints import Endpoints, write_json
from sandbox.deploy.environment import Environment
from sandbox.inventory import Inventory, diff, inventory


def remember_before(where: Environment, endpoints: Endpoints) -> None:
    """Keep the inventory of a sandbox to which the stack was never deployed; later calls change nothing.

    Raises:
        SandboxError: the sandbox cannot be asked, or the file cannot be written.
    """
    if where.inventory_path.exists() or where.state_path.exists():
        return
    where.inventory_path.parent.mkdir(parents=True, exist_ok=True)
    write_json(where.inventory_path, inventory(endpoints).to_json())


def differences(where: Environment, endpoints: Endpoints) -> list[str]:
    """List what is there now and was not before the first `up`, and what was there and is gone.

    Raises:
        SandboxError: the sandbox cannot be asked.
    """
    if not where.inventory_path.exists():
        return []
    before = Inventory.from_json(json.loads(where.inventory_path.read_text(encoding="utf-8")))
    return diff(before, inventory(endpoints))
