"""What holds for every test."""

import gc
import os

import pytest

from tests.support.longest_first import keep_order, longest_first

# Many tests bring a whole stack up to look at its objects: its pods are simulated unless a test wants them to run.
os.environ.setdefault("SANDBOX_HOST_PROCESSES", "0")


def pytest_configure(config: pytest.Config) -> None:
    """Let files that take long begin first, where several processes share them."""
    keep_order(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Likewise; in a single process files stay in their own order."""
    if hasattr(config, "workerinput"):
        longest_first(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the collector leave alone what the tests imported: looking through it took a tenth of their time."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
