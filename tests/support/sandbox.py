import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.control_plane import Endpoints, NodeSize, destroy, ensure_running

NODES = (NodeSize(cpu="32", memory="128Gi", count=3),)


def sandbox_name() -> str:
    """A name that no other sandbox has."""
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """One running sandbox for all integration tests, destroyed at the end.

    Tests share it: each makes its own namespaces and names, and leaves nothing behind.
    """
    root: Path = tmp_path_factory.mktemp("sandbox")
    name = sandbox_name()
    try:
        yield ensure_running(name, nodes=NODES, progress=print, root=root)
    finally:
        destroy(name, root=root)
