import socket
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from servicekit.kafka import KafkaSettings
from stream_gateway.app import Service, create_service
from stream_gateway.settings import StreamGatewaySettings


@pytest.fixture
def kafka() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def service(kafka: socket.socket) -> Service:
    servers = f"127.0.0.1:{kafka.getsockname()[1]}"
    return create_service(StreamGatewaySettings(kafka=KafkaSettings(bootstrap_servers=servers)))


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://gateway") as client:
        yield client


async def test_it_is_alive_whatever_becomes_of_kafka(client: httpx.AsyncClient, kafka: socket.socket):
    kafka.close()
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()["status"], answer.json()["service"]) == (200, "alive", "stream-gateway")


async def test_it_is_ready_when_kafka_accepts_connections(client: httpx.AsyncClient):
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert [(one["name"], one["ok"]) for one in answer.json()["checks"]] == [("kafka", True)]


async def test_it_is_not_ready_without_kafka_and_says_why(client: httpx.AsyncClient, kafka: socket.socket):
    server = f"127.0.0.1:{kafka.getsockname()[1]}"
    kafka.close()
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
    assert answer.json()["checks"][0]["reason"] == f"{server}: connection refused"
    assert 'dependency_ready{dependency="kafka"} 0.0' in (await client.get("/metrics")).text


async def test_it_becomes_ready_again_when_kafka_comes_back(client: httpx.AsyncClient, kafka: socket.socket):
    port = kafka.getsockname()[1]
    kafka.close()
    assert (await client.get("/readyz")).status_code == 503
    with socket.create_server(("127.0.0.1", port)):
        assert (await client.get("/readyz")).status_code == 200


async def test_it_is_not_ready_once_it_was_told_to_stop(client: httpx.AsyncClient, service: Service):
    service.health.stop()
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "stopping", "checks": []})
    assert (await client.get("/healthz")).status_code == 200


async def test_what_it_does_not_serve_is_a_problem_document(client: httpx.AsyncClient):
    answer = await client.get("/docs")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
