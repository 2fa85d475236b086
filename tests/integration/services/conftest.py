from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.mlflow import MlflowServer
    from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[MlflowServer]:
    """One MLflow for all tests of the process: it takes eight seconds to start."""
    from tests.support.mlflow import running_mlflow

    with running_mlflow(tmp_path_factory.mktemp("mlflow"), postgres_server) as server:
        yield server
