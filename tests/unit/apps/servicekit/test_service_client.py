import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.trace import SpanKind
from servicekit.auth import AuthSettings, TokenSource
from servicekit.breaker import CircuitBreaker
from servicekit.client import ServiceClient, ServiceRefused, ServiceUnavailable
from servicekit.tracing import record_headers, span

Answer = httpx.Response | Exception


class Service:
    """Answers in turn what it is given, the last one again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()
        self.waits: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def client(self, **settings: Any) -> ServiceClient:
        source = settings.pop("source", None)
        transport = httpx.MockTransport(settings.pop("handler", self))
        return ServiceClient("http://features:8080", source, transport=transport, sleep=self.sleep, **settings)


def ok(content: bytes = b'{"a": 1}') -> httpx.Response:
    return httpx.Response(200, content=content)


def down(status: int = 503, **headers: str) -> httpx.Response:
    return httpx.Response(
        status, json={"detail": "busy"}, headers={name.replace("_", "-"): v for name, v in headers.items()}
    )


async def test_an_answer_is_read_as_json_and_none_where_it_is_empty():
    service = Service(ok(), httpx.Response(204))
    assert await service.client().get("/v1") == {"a": 1}
    assert await service.client().get("/v1") is None


async def test_token_trace_and_body_are_sent(tmp_path: Path):
    (tmp_path / "token").write_text("secret-token")
    settings = AuthSettings(issuer="i", audience="a", jwks_url="https://i.test", token_file=tmp_path / "token")
    service = Service(ok())
    with span("work", SpanKind.INTERNAL, {}):
        trace = record_headers()["traceparent"].decode()
        await service.client(source=TokenSource(settings, service="s")).post("/v1", {"b": [1]})
    (request,) = service.requests
    assert request.headers["authorization"] == "Bearer secret-token"
    assert request.headers["traceparent"] == trace
    assert (request.content, request.headers["content-type"]) == (b'{"b":[1]}', "application/json")


@pytest.mark.parametrize(
    "failure", [down(503), down(502), down(504), down(429), httpx.ReadError("cut"), httpx.ReadTimeout("")]
)
async def test_a_call_that_may_be_repeated_is(failure: Answer):
    service = Service(failure, failure, ok())
    assert await service.client().get("/v1") == {"a": 1}
    assert len(service.requests) == 3
    service = Service(failure, ok())
    assert await service.client().post("/v1", {}, idempotent=True) == {"a": 1}


async def test_a_call_that_may_not_be_repeated_is_not_unless_it_never_went_out():
    service = Service(httpx.ReadError("cut"), ok())
    with pytest.raises(ServiceUnavailable, match="features: POST /v1: cut"):
        await service.client().post("/v1", {})
    assert len(service.requests) == 1
    service = Service(httpx.ConnectError("refused"), ok())
    assert await service.client().post("/v1", {}) == {"a": 1}


async def test_after_all_tries_it_says_what_the_service_said():
    service = Service(down(503, retry_after="2"))
    with pytest.raises(ServiceUnavailable, match="features: GET /v1: 503 busy") as caught:
        await service.client(attempts=2).get("/v1")
    assert caught.value.retry_after == 2
    assert service.waits == [2]


@pytest.mark.parametrize("header", ["soon", "-1", "inf", "nan"])
async def test_a_wait_that_makes_no_sense_is_not_taken_over(header: str):
    service = Service(down(503, retry_after=header), ok())
    await service.client().get("/v1")
    assert service.waits[0] <= 0.05


async def test_a_refusal_is_told_at_once():
    service = Service(down(404))
    with pytest.raises(ServiceRefused, match="features answered 404: busy") as caught:
        await service.client().get("/v1")
    assert (caught.value.status, len(service.requests)) == (404, 1)


async def test_an_answer_that_is_no_json_is_none_that_can_be_used():
    with pytest.raises(ServiceUnavailable, match="the answer is no JSON"):
        await Service(ok(b"<html>")).client(attempts=1).get("/v1")


async def test_a_service_that_does_not_answer_is_given_up_after_the_time_out():
    async def silent(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return ok()

    handler: Callable[..., Any] = silent
    with pytest.raises(ServiceUnavailable, match=r"no answer within 0.01 s"):
        await Service(ok()).client(handler=handler, attempts=1, timeout_seconds=0.01).get("/v1")


async def test_a_refusal_is_an_answer_of_a_service_that_is_there():
    service = Service(*[down()] * 9, down(404), down(), ok())
    client = service.client(attempts=1)
    for _ in range(11):
        with pytest.raises((ServiceUnavailable, ServiceRefused)):
            await client.get("/v1")
    assert await client.get("/v1") == {"a": 1}, "never ten failures in a row"


async def test_a_service_that_fails_again_and_again_is_left_alone():
    service = Service(down())
    client = service.client(attempts=1, breaker=CircuitBreaker("features", failures=2, counts=(ServiceUnavailable,)))
    for _ in range(4):
        with pytest.raises(ServiceUnavailable):
            await client.get("/v1")
    assert len(service.requests) == 2
