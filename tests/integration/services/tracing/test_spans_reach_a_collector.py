"""Services as processes before an OTLP receiver: what they send, and what becomes of them when nobody takes it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from featurestore import VIEW
from featurestore.rows import Row, encode, key_of

from sandbox.control_plane.ports import free_port
from tests.support.collector import Collector, running_collector, silent_listener
from tests.support.kafka import Broker, running_kafka
from tests.support.price_services import PriceServices, price_services
from tests.support.redis import RedisServer
from tests.support.service_process import ServiceProcess
from tests.support.streams import StreamClient
from tests.support.tokens import Issuer

pytestmark = pytest.mark.integration

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
"""Kinds of spans in OTLP."""

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"
Start = Callable[..., ServiceProcess]
_NUMBERS = itertools.count()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


@pytest.fixture
def services() -> Iterator[PriceServices]:
    with price_services() as running:
        yield running


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """One of its own: the topics' names are the catalog's, and a record of another test would make the batch two."""
    with running_kafka(tmp_path / "broker") as running:
        running.create_topics("commodity-prices", "ml-predictions", "prediction-consumer.dead-letter")
        yield running


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture
def start(issuer: Issuer, tmp_path: Path) -> Iterator[Start]:
    """Starts services; none writes anything to its log that is no line of it."""
    running: list[ServiceProcess] = []

    def start(package: str, environment: Mapping[str, str], **settings: object) -> ServiceProcess:
        prefix = f"{package.upper()}_"
        own = {f"{prefix}{name}".upper(): str(value) for name, value in settings.items()}
        running.append(ServiceProcess(package, tmp_path, {**issuer.environment(prefix), **environment, **own}))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        assert [line for line in process.log if line["event"] == "not a line of the log"] == []


def feature_server(start: Start, redis_server: RedisServer, environment: Mapping[str, str]) -> ServiceProcess:
    """One with the features of WTI."""
    row = Row({"average_7": 71.0}, date(2026, 1, 30), datetime.now(UTC))
    with redis_server.client() as redis:
        redis.set(key_of("platform", VIEW, "WTI"), encode(row))
    process = start("feature_server", {**redis_server.environment("FEATURE_SERVER_"), **environment})
    process.wait_until_ready()
    return process


def stopped(process: ServiceProcess) -> int:
    process.terminate()
    return process.end()


def events(process: ServiceProcess) -> list[str]:
    return [line["event"] for line in process.log]


def test_a_request_is_a_span_of_its_callers_trace_with_route_status_and_who_served_it(
    start: Start, redis_server: RedisServer, collector: Collector, issuer: Issuer
):
    pod = {"OTEL_RESOURCE_ATTRIBUTES": "k8s.namespace.name=platform-features,k8s.pod.name=feature-server-0"}
    process = feature_server(start, redis_server, {**collector.environment(), **pod})
    headers = {**issuer.headers("service"), "traceparent": TRACEPARENT}
    assert httpx.get(f"{process.url}/v1/features/WTI", headers=headers).status_code == 200
    span = collector.wait_for(lambda each: each.trace == TRACE)
    assert (span.name, span.kind, span.parent, span.failed) == ("GET /v1/features/{symbol}", SERVER, CALLER, False)
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/v1/features/{symbol}",
        "http.response.status_code": 200,
        "url.scheme": "http",
    }
    told = {"service.name": "feature-server", "k8s.namespace.name": "platform-features"}
    assert span.resource.items() >= {**told, "k8s.pod.name": "feature-server-0"}.items()
    assert span.resource["service.version"]
    assert set(collector.paths) == {"/v1/traces"}
    [line] = [each for each in process.log if each.get("trace_id") == TRACE and each["event"] == "request"]
    assert line["span_id"] == span.span
    assert stopped(process) == 0


def test_an_answer_that_is_a_failure_is_one_of_its_span_and_what_was_not_sent_yet_is_sent_at_the_end(
    start: Start, collector: Collector, issuer: Issuer
):
    away = {"FEATURE_SERVER_REDIS_HOST": "127.0.0.1", "FEATURE_SERVER_REDIS_PORT": str(free_port())}
    never = {**collector.environment(), "OTEL_BSP_SCHEDULE_DELAY": "600000"}
    process = start("feature_server", {**away, **never})
    answer = httpx.get(f"{process.url}/v1/features/WTI", headers=issuer.headers("service"))
    assert answer.status_code == 503
    assert collector.spans == []
    assert stopped(process) == 0
    [span] = collector.spans
    assert (span.parent, span.failed, span.attributes["error.type"]) == ("", True, "503")


def test_a_caller_who_does_not_record_is_followed_and_a_share_of_none_records_nothing(
    start: Start, redis_server: RedisServer, collector: Collector, issuer: Issuer
):
    none = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}
    process = feature_server(start, redis_server, {**collector.environment(), **none})
    for sampled in ("00", "01"):
        headers = {**issuer.headers("service"), "traceparent": f"{TRACEPARENT[:-2]}{sampled}"}
        httpx.get(f"{process.url}/v1/features/WTI", headers=headers)
    httpx.get(f"{process.url}/v1/features/WTI", headers=issuer.headers("service"))
    assert stopped(process) == 0
    assert [(span.trace, span.parent) for span in collector.spans] == [(TRACE, CALLER)]


@pytest.mark.parametrize("how", ["refuses", "never answers"])
def test_a_collector_that_is_dead_costs_no_request_and_no_stop(
    how: str, start: Start, redis_server: RedisServer, issuer: Issuer
):
    with silent_listener() as silent:
        endpoint = silent if how == "never answers" else f"http://127.0.0.1:{free_port()}"
        dead = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "50"}
        # A small queue is full at once: what does not fit is dropped, and nobody waits for room.
        small = {"OTEL_BSP_MAX_QUEUE_SIZE": "16", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "8"}
        process = feature_server(start, redis_server, {**dead, **small})
        with httpx.Client(headers=issuer.headers("service"), timeout=10) as client:
            statuses = {client.get(f"{process.url}/v1/features/WTI").status_code for _ in range(200)}
        assert statuses == {200}
        # The default grace period of a pod is 30 s, and what waits for the collector gets 2 s of it.
        process.terminate()
        assert process.process.wait(timeout=15) == 0
    lost = [each for each in events(process) if each.startswith(("spans are lost", "the last spans are lost"))]
    assert lost
    assert len(lost) <= 2, "told once, not with every try"


def test_a_wrong_variable_of_the_standard_ends_the_start_and_is_named(
    redis_server: RedisServer, issuer: Issuer, tmp_path: Path
):
    environment = {
        **redis_server.environment("FEATURE_SERVER_"),
        **issuer.environment("FEATURE_SERVER_"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318",
    }
    with pytest.raises(AssertionError, match="OTEL_EXPORTER_OTLP_ENDPOINT = 'collector:4318'"):
        ServiceProcess("feature_server", tmp_path, environment)


async def test_one_price_is_one_trace_from_the_post_to_the_gateway(
    start: Start, broker: Broker, collector: Collector, services: PriceServices, issuer: Issuer, tmp_path: Path
):
    (tmp_path / "token").write_text(issuer.token("service"))
    told = collector.environment()

    def environment(package: str) -> dict[str, str]:
        return {**broker.environment(f"{package.upper()}_"), **told}

    feed = start("price_feed", environment("price_feed"))
    consumer = start(
        "prediction_consumer",
        environment("prediction_consumer"),
        pod_name=f"prediction-consumer-{next(_NUMBERS)}",
        features_url=services.url,
        model_url=services.url,
        auth_token_file=tmp_path / "token",
    )
    gateway = start("stream_gateway", environment("stream_gateway"), topics="ml-predictions")
    for process in (feed, consumer, gateway):
        process.wait_until_ready()
    client = await StreamClient(gateway.url, issuer.token("service"), topics=["ml-predictions"]).start()
    headers = {**issuer.headers("service"), "traceparent": TRACEPARENT}
    async with httpx.AsyncClient() as http:
        posted = await http.post(f"{feed.url}/v1/prices", json=price(), headers=headers)
    assert posted.status_code == 202
    await client.until(1)
    await client.stop()

    def of(service: str, kind: int, count: int = 1) -> Any:
        def wanted(each: Any) -> bool:
            return bool(each.resource["service.name"] == service and each.kind == kind and each.trace == TRACE)

        return collector.wait_for(wanted, count)

    post = of("price-feed", SERVER)
    sent = of("price-feed", PRODUCER)
    processed = of("prediction-consumer", CONSUMER)
    calls = of("prediction-consumer", CLIENT, 3)
    fanned_out = of("stream-gateway", CONSUMER)
    assert (post.name, post.parent) == ("POST /v1/prices", CALLER)
    assert (sent.name, sent.parent) == ("send commodity-prices", post.span)
    assert posted.json()["traceparent"] == f"00-{TRACE}-{sent.span}-01"
    assert (processed.name, processed.parent) == ("process commodity-prices", sent.span)
    assert processed.links == ((TRACE, sent.span),)
    assert [call.name for call in calls] == ["POST", "POST", "send ml-predictions"]
    assert {call.parent for call in calls} == {processed.span}
    assert (fanned_out.name, fanned_out.parent) == ("process ml-predictions", processed.span)
    assert client.records[0]["traceparent"] == f"00-{TRACE}-{processed.span}-01"


def price() -> dict[str, str]:
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"symbol": "WTI", "price": "70.10", "currency": "USD", "traded_at": at}
