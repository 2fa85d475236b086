import socket
from asyncio import gather, sleep
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from stream_gateway.app import Service, create_service

from tests.support.gateway import TOPICS, gateway_settings, record
from tests.support.tokens import Issuer, let_in


@pytest.fixture
def kafka() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture
def service(kafka: socket.socket, issuer: Issuer) -> Service:
    return made_service(issuer, kafka=f"127.0.0.1:{kafka.getsockname()[1]}")


@pytest.fixture(scope="module")
def lasting(issuer: Issuer) -> Service:
    """For tests that leave it as it was."""
    return made_service(issuer)


def made_service(issuer: Issuer, **changed: Any) -> Service:
    """A gateway whose reader has found its partitions; the reader itself does not run."""
    made = create_service(gateway_settings(issuer, **changed))
    made.gateway.live._assigned = {(topic, 0) for topic in TOPICS}
    made.gateway.hub.advance({(topic, 0): 3 for topic in TOPICS})
    return made


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://gateway") as client:
        yield client


@pytest.fixture
async def caller(lasting: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(lasting.app), base_url="http://gateway") as client:
        yield client


async def test_it_is_alive_whatever_becomes_of_kafka(client: httpx.AsyncClient, kafka: socket.socket):
    kafka.close()
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()["status"], answer.json()["service"]) == (200, "alive", "stream-gateway")


async def test_it_is_ready_when_kafka_accepts_connections_and_its_reader_knows_where_it_is(client: httpx.AsyncClient):
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert [(one["name"], one["ok"]) for one in answer.json()["checks"]] == [("kafka", True), ("stream", True)]


async def test_it_is_not_ready_before_its_reader_knows_where_it_is(client: httpx.AsyncClient, service: Service):
    del service.gateway.hub.live["prices", 0]
    reasons = [one.get("reason") for one in (await client.get("/readyz")).json()["checks"]]
    assert reasons == [None, "the end of prices[0] is not known yet"]
    service.gateway.live._assigned.clear()
    reasons = [one.get("reason") for one in (await client.get("/readyz")).json()["checks"]]
    assert reasons == [None, "none of the topics prices, predictions could be read yet"]


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


async def test_every_bad_token_is_refused_on_every_route(caller: httpx.AsyncClient, lasting: Service, issuer: Issuer):
    assert await let_in(caller, lasting.app.openapi(), issuer) == []


async def test_a_caller_sees_the_topics_of_its_tenant_and_where_they_end(caller: httpx.AsyncClient, issuer: Issuer):
    answer = await caller.get("/v1/topics", headers=issuer.headers("analyst", "desk"))
    assert answer.json() == {"topics": [{"name": "predictions", "position": {"0": 2}}]}


async def test_a_path_that_is_a_web_socket_says_so(caller: httpx.AsyncClient):
    answer = await caller.get("/ws/stream")
    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")


async def test_the_page_loads_nothing_from_elsewhere_and_needs_no_token(caller: httpx.AsyncClient):
    for path in ("/", "/live.js", "/live.css"):
        answer = await caller.get(path)
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
    page = (await caller.get("/")).text
    assert "<script>" not in page
    assert "style=" not in page


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"topics": "secret"}, "topic 'secret' is not one that you may read"),
        ({"topics": "prices"}, "topic 'prices' is not one that you may read"),
        ({"resume": "{"}, "resume is not JSON"),
        ({"resume": "9" * 5_000}, "resume is not JSON"),
        ({"resume": "[" * 5_000}, "resume is not JSON"),
        ({"resume": '{"predictions": {"7": 1}}'}, "resume.predictions.7"),
    ],
)
async def test_a_stream_of_events_that_cannot_be_had_is_refused_before_it_begins(
    caller: httpx.AsyncClient, issuer: Issuer, query: dict[str, str], reason: str
):
    answer = await caller.get("/v1/stream", params=query, headers=issuer.headers("analyst", "desk"))
    assert answer.status_code == 422
    assert reason in answer.json()["detail"]


async def test_events_carry_where_the_next_stream_goes_on(caller: httpx.AsyncClient, lasting: Service, issuer: Issuer):
    gateway = lasting.gateway

    async def write(number: int) -> None:
        await gateway.hub.publish([record("predictions", 0, 3 + number)])
        gateway.end()

    # The transport of the tests gives an answer as a whole, so the stream is ended as soon as it has begun.
    seen: list[str] = []
    for number in range(2):
        call = caller.get("/v1/stream?topics=predictions&symbols=WTI", headers=issuer.headers("analyst", "desk"))
        answer, _ = await gather(call, _when_seated(lasting, lambda number=number: write(number)))
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        seen.append(answer.text)
    assert 'id: {"predictions":{"0":3}}\ndata: {"topic":"predictions","partition":0,"offset":3' in seen[0]
    assert seen[1].startswith('id: {"predictions":{"0":3}}\nevent: gateway\ndata: {"subscribed"')
    assert 'id: {"predictions":{"0":4}}' in seen[1]
    assert not gateway._streams


async def _when_seated(service: Service, then: Any) -> None:
    for _ in range(1000):
        await sleep(0)
        if service.gateway._listeners:
            break
    await then()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"topics": ""}, "names of topics with commas between them"),
        ({"topics": "a,a"}, "none twice"),
        ({"topics": "a,,b"}, "names of topics with commas between them"),
        ({"tenant_topics": "{"}, "not JSON"),
        ({"tenant_topics": "[]"}, "a JSON object"),
        (
            {"tenant_topics": '{"desk": ["other"]}'},
            "tenant_topics gives desk the topic 'other', which topics does not have",
        ),
        ({"queue_messages": 0}, "queue_messages"),
        ({"slow_client": "ignore"}, "'drop-oldest' or 'disconnect'"),
    ],
)
def test_settings_of_streams_that_make_no_sense_are_refused(issuer: Issuer, changed: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        gateway_settings(issuer, **changed)
