from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sandbox.control_plane.certificates import create_pki
from sandbox.control_plane.pki import Pki
from sandbox.engine.provider import PartialFailureError, ProviderError
from sandbox.engine.providers.kubernetes import Connection, KubernetesProvider, Settings
from tests.support.faulty_proxy import FaultyProxy
from tests.support.kube import Kube
from tests.support.kubernetes_inputs import config_map, deployment

pytestmark = pytest.mark.integration

NOWHERE = {"example.com/no-such-node": "true"}
IMPATIENT = Settings(retry_budget=2.0, request_timeout=1.0)


@pytest.fixture
def proxy(connection: Connection) -> Iterator[FaultyProxy]:
    with FaultyProxy(connection) as proxy:
        yield proxy


@pytest.fixture
def through(proxy: FaultyProxy, connection: Connection) -> Iterator[Kube]:
    provider = KubernetesProvider(replace(connection, url=proxy.url), IMPATIENT)
    yield Kube(provider)
    provider.close()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_failure_that_passes_is_tried_again(through: Any, proxy: FaultyProxy, namespace: str, status: int) -> None:
    failures = iter([web.Response(status=status, text="busy"), web.Response(status=status, text="busy")])
    proxy.fault = lambda request: next(failures, None) if request.method == "PATCH" else None

    assert through.create(config_map(namespace)).outputs["data"] == {"mode": "fast"}
    assert sum(method == "PATCH" for method, _ in proxy.seen) == 3


def test_a_server_that_asks_for_time_gets_it(through: Any, proxy: FaultyProxy, namespace: str) -> None:
    answers = iter([web.Response(status=429, headers={"Retry-After": "1"})])
    proxy.fault = lambda request: next(answers, None) if request.method == "PATCH" else None
    started = time.monotonic()

    through.create(config_map(namespace))

    assert time.monotonic() - started >= 1


def test_an_answer_that_is_lost_after_the_write_does_no_harm(through: Any, proxy: FaultyProxy, namespace: str) -> None:
    held = iter([1.5])
    proxy.fault = lambda request: next(held, None) if request.method == "PATCH" else None

    assert through.create(config_map(namespace)).id == f"{namespace}/settings"


def test_a_failure_that_stays_names_the_address_the_cause_and_the_way_out(
    through: Any, proxy: FaultyProxy, namespace: str
) -> None:
    through.create(config_map(namespace))
    proxy.fault = lambda _: web.Response(status=503, text="etcd has no leader")

    with pytest.raises(ProviderError) as failure:
        through.update(config_map(namespace), config_map(namespace, mode="slow"))

    text = str(failure.value)
    assert text.startswith(f"update ConfigMap {namespace}/settings: the API server at {proxy.url}")
    assert "503 etcd has no leader" in text
    assert "To fix it" in text


def test_a_refusal_is_not_tried_again(through: Any, proxy: FaultyProxy, namespace: str) -> None:
    with pytest.raises(ProviderError, match="dataa"):
        through.create({**config_map(namespace), "dataa": {}})

    assert sum(method == "PATCH" for method, _ in proxy.seen) == 1


def test_a_stopped_run_does_not_try_again(through: Any, proxy: FaultyProxy, namespace: str) -> None:
    stop = threading.Event()
    stop.set()
    proxy.fault = lambda request: web.Response(status=503) if request.method == "PATCH" else None

    with pytest.raises(ProviderError, match="stopped before it succeeded"):
        through.create(config_map(namespace), cancelled=stop)


def test_nobody_listening_is_an_error_that_names_the_address(connection: Connection) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{free.getsockname()[1]}"
    provider = KubernetesProvider(replace(connection, url=url), Settings(retry_budget=0.5))

    with pytest.raises(ProviderError, match=rf"{url} did not answer properly.*[Cc]onnect.*start it again"):
        Kube(provider).create(config_map("default"))
    provider.close()


def test_a_listener_that_is_no_api_server_is_recognized(through: Any, proxy: FaultyProxy) -> None:
    proxy.fault = lambda _: web.json_response({"hello": "world"})

    with pytest.raises(ProviderError, match="not like a Kubernetes API server"):
        through.create(config_map("default"))


def test_a_certificate_of_another_authority_is_refused_at_once(connection: Connection, tmp_path: Path) -> None:
    other = Pki(tmp_path)
    create_pki(other)
    provider = KubernetesProvider(replace(connection, ca=other.ca), Settings(retry_budget=30))
    started = time.monotonic()

    with pytest.raises(ProviderError, match=r"no trust between this sandbox and .*certificate"):
        Kube(provider).create(config_map("default"))

    assert time.monotonic() - started < 5
    provider.close()


def test_missing_credentials_are_named(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match=str(tmp_path / "none.key")):
        KubernetesProvider(replace(connection, key=tmp_path / "none.key"))


def test_a_wait_survives_a_server_that_restarts(through: Any, kube: Any, proxy: FaultyProxy, namespace: str) -> None:
    inputs = deployment(namespace, nodeSelector=NOWHERE)

    def interrupt() -> None:
        time.sleep(1)
        proxy.stop()
        kube.by_hand(inputs, {"spec": {"template": {"spec": {"nodeSelector": None}}}})
        time.sleep(0.5)
        proxy.restart()

    meddler = threading.Thread(target=interrupt)
    meddler.start()

    outputs = through.create(inputs, timeout=30).outputs

    meddler.join()
    assert outputs["status"]["availableReplicas"] == 1


def test_a_wait_ends_when_the_server_stays_away(through: Any, proxy: FaultyProxy, namespace: str) -> None:
    threading.Timer(1.0, proxy.stop).start()
    started = time.monotonic()

    with pytest.raises(PartialFailureError, match=r"web: applied, but then: (watch|list) deployments") as failure:
        through.create(deployment(namespace, nodeSelector=NOWHERE), timeout=60)

    assert failure.value.id == f"{namespace}/web"
    assert time.monotonic() - started < 15
    proxy.restart()


def test_one_failing_call_in_ten_is_borne(through: Any, proxy: FaultyProxy, namespace: str) -> None:
    luck = random.Random(7)

    def fault(_: web.Request) -> web.Response | None:
        return web.Response(status=luck.choice([429, 500, 503])) if luck.random() < 0.1 else None

    proxy.fault = fault
    many = [config_map(namespace, f"c{index}") for index in range(100)]
    with ThreadPoolExecutor(20) as pool:
        created = list(pool.map(through.create, [*many, deployment(namespace, replicas=2)]))
        list(pool.map(through.delete, many))

    assert len(created) == 101
    items = through.api("GET", f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    assert [item["metadata"]["name"] for item in items] == ["kube-root-ca.crt"]
