from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator

import pytest

from sandbox.control_plane import Endpoints
from sandbox.engine.providers.kubernetes import Connection, KubernetesProvider, Settings
from tests.support.kube import Kube


@pytest.fixture(scope="session")
def connection(running_sandbox: Endpoints) -> Connection:
    return Connection.of(running_sandbox)


@pytest.fixture(scope="session")
def session_provider(connection: Connection) -> Iterator[KubernetesProvider]:
    provider = KubernetesProvider(connection, Settings(config_map_mutable=True, secret_mutable=True))
    yield provider
    provider.close()


@pytest.fixture
def kube(session_provider: KubernetesProvider) -> Kube:
    return Kube(session_provider)


@pytest.fixture
def namespace(kube: Kube) -> Iterator[str]:
    name = f"t-{secrets.token_hex(4)}"
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    kube.api("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()
