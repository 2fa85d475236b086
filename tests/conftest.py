"""What holds for every test."""

import gc
import os

import pytest

# Many tests bring a whole stack up to look at its objects: its pods are simulated unless a test wants them to run.
os.environ.setdefault("SANDBOX_HOST_PROCESSES", "0")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the collector leave alone what the tests imported: looking through it took a tenth of their time."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
