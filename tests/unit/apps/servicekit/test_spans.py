"""The spans of requests, calls and batches: names and attributes as the semantic conventions have them."""

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode
from servicekit.client import ServiceClient, ServiceRefused, ServiceUnavailable
from servicekit.errors import setup_errors
from servicekit.health import Health, setup_health
from servicekit.kafka_spans import MOST_LINKS, processing, sending
from servicekit.logs import get_logger
from servicekit.requests import setup_requests
from servicekit.tracing import passed_on, record_headers, span

from tests.support.spans import Spans, header_of, recorded_spans

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"


@pytest.fixture
def spans() -> Iterator[Spans]:
    with recorded_spans() as spans:
        yield spans


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()

    @app.get("/items/{item}")
    async def item(item: int) -> dict[str, int]:
        get_logger("items").info("looked up")
        return {"item": item}

    @app.get("/refused")
    async def refused() -> None:
        raise HTTPException(403, "not you")

    @app.get("/boom")
    async def boom() -> None:
        raise RuntimeError("password=canary")

    setup_errors(app)
    setup_health(app, Health([]), service="svc", version="1")
    setup_requests(app)
    return app


async def asked(app: FastAPI, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://svc") as client:
        return await client.request(method, path, headers=headers)


def told(ended: ReadableSpan) -> dict[str, Any]:
    return dict(ended.attributes or {})


async def test_a_request_is_a_span_of_its_callers_trace_named_by_its_route(app: FastAPI, spans: Spans):
    answer = await asked(app, "/items/7?token=canary", traceparent=TRACEPARENT, authorization="Bearer canary")
    assert answer.status_code == 200
    assert (spans.only.name, spans.only.kind) == ("GET /items/{item}", SpanKind.SERVER)
    assert spans.only.parent is not None
    assert f"{spans.only.parent.trace_id:032x}-{spans.only.parent.span_id:016x}" == f"{TRACE}-{CALLER}"
    assert told(spans.only) == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "http.route": "/items/{item}",
        "http.response.status_code": 200,
    }
    assert spans.only.status.status_code is StatusCode.UNSET


async def test_a_request_without_a_caller_begins_a_trace(app: FastAPI, spans: Spans):
    await asyncio.gather(*[asked(app, "/items/7") for _ in range(2)])
    one, other = spans.ended
    assert one.parent is other.parent is None
    assert header_of(one)[3:35] != header_of(other)[3:35]


@pytest.mark.usefixtures("log")
async def test_a_refusal_is_no_error_of_the_server_and_a_failure_is_one_without_its_text(app: FastAPI, spans: Spans):
    await asked(app, "/refused")
    await asked(app, "/boom")
    refused, failed = spans.ended
    assert (refused.status.status_code, told(refused)["http.response.status_code"]) == (StatusCode.UNSET, 403)
    assert "error.type" not in told(refused)
    assert (failed.status.status_code, told(failed)["error.type"]) == (StatusCode.ERROR, "500")
    assert "canary" not in failed.to_json()


async def test_what_a_caller_may_choose_freely_names_no_span(app: FastAPI, spans: Spans):
    await asked(app, "/secret/canary", "BREW")
    assert spans.only.name == "HTTP"
    assert told(spans.only)["http.request.method"] == "_OTHER"
    assert "canary" not in spans.only.to_json()


async def test_what_machines_ask_every_few_seconds_is_no_span(app: FastAPI, spans: Spans):
    assert (await asked(app, "/healthz")).status_code == 200
    assert spans.ended == ()


async def test_log_lines_of_a_request_name_its_trace_and_span(app: FastAPI, spans: Spans, log: io.StringIO):
    await asked(app, "/items/7", traceparent=TRACEPARENT)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["looked up", "request"]
    named = {f"00-{line['trace_id']}-{line['span_id']}-01" for line in lines}
    assert named == {header_of(spans.only)}


async def test_log_lines_name_the_callers_trace_where_no_spans_are_sent(app: FastAPI, log: io.StringIO):
    await asked(app, "/items/7", traceparent=TRACEPARENT)
    assert {json.loads(line)["trace_id"] for line in log.getvalue().splitlines()} == {TRACE}
    get_logger("here").info("outside")
    assert "trace_id" not in json.loads(log.getvalue().splitlines()[-1])


def client(*answers: httpx.Response | Exception, requests: list[httpx.Request]) -> ServiceClient:
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    async def at_once(_seconds: float) -> None:
        return

    return ServiceClient("http://u:canary@features:81", None, transport=httpx.MockTransport(answer), sleep=at_once)


async def test_each_try_of_a_call_is_a_span_and_names_itself_to_the_service(spans: Spans):
    requests: list[httpx.Request] = []
    with span("work", SpanKind.INTERNAL, {}):
        found = await client(httpx.ReadTimeout(""), httpx.Response(200, json=1), requests=requests).get("/v1?a=canary")
    assert found == 1
    lost, answered, work = spans.ended
    assert [request.headers["traceparent"] for request in requests] == [header_of(lost), header_of(answered)]
    assert lost.parent == answered.parent == work.get_span_context()
    assert told(lost) == {
        "http.request.method": "GET",
        "server.address": "features",
        "server.port": 81,
        "url.full": "http://features:81/v1",
        "error.type": "ReadTimeout",
    }
    assert (told(answered)["http.request.resend_count"], told(answered)["http.response.status_code"]) == (1, 200)
    assert [each.status.status_code for each in (lost, answered)] == [StatusCode.ERROR, StatusCode.UNSET]


@pytest.mark.parametrize(("status", "error"), [(404, ServiceRefused), (503, ServiceUnavailable)])
async def test_an_answer_that_is_no_success_is_an_error_of_the_call(status: int, error: type[Exception], spans: Spans):
    with pytest.raises(error):
        await client(httpx.Response(status), requests=[]).post("/v1", {})
    assert (spans.only.name, spans.only.kind) == ("POST", SpanKind.CLIENT)
    assert (told(spans.only)["error.type"], spans.only.status.status_code) == (str(status), StatusCode.ERROR)


def makers(count: int) -> list[dict[str, bytes]]:
    return [{"traceparent": f"00-{number:032x}-{number:016x}-01".encode()} for number in range(1, count + 1)]


def test_a_batch_is_one_span_with_links_to_what_made_its_records(spans: Spans):
    with processing({"prices"}, 4, [*makers(2), {}, {"traceparent": b"x"}], group="consumer"):
        pass
    assert (spans.only.name, spans.only.kind, spans.only.parent) == ("process prices", SpanKind.CONSUMER, None)
    assert [link.context.trace_id for link in spans.only.links] == [1, 2]
    assert told(spans.only) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.batch.message_count": 4,
        "messaging.destination.name": "prices",
        "messaging.consumer.group.name": "consumer",
    }


def test_a_large_batch_looks_at_no_more_headers_than_a_span_has_links(spans: Spans):
    looked_at = iter(makers(MOST_LINKS + 9))
    with processing({"a", "b"}, MOST_LINKS + 9, looked_at):
        pass
    assert spans.only.name == "process"
    assert (len(spans.only.links), len(list(looked_at))) == (MOST_LINKS, 9)


def test_a_single_record_is_worked_off_in_its_own_trace(spans: Spans):
    with processing({"prices"}, 1, makers(1)):
        pass
    assert spans.only.parent is not None
    assert (spans.only.parent.trace_id, len(spans.only.links)) == (1, 1)


def test_what_is_made_of_a_record_names_the_work_where_it_is_of_the_same_trace_and_else_the_records_maker(spans: Spans):
    alone, [one, other] = makers(1)[0], makers(2)
    with processing({"prices"}, 1, [alone]):
        continued = passed_on(alone)
    assert continued["traceparent"].decode() == header_of(spans.only)
    with processing({"prices"}, 2, [one, other]):
        assert [passed_on(one), passed_on(other)] == [one, other]


def test_where_no_spans_are_sent_a_batch_looks_at_no_header_and_a_single_record_keeps_its_trace():
    looked_at = iter(makers(3))
    with processing({"prices"}, 3, looked_at):
        assert record_headers() != {}
    assert len(list(looked_at)) == 3
    with processing({"prices"}, 1, makers(1)):
        assert record_headers() == makers(1)[0]


def test_what_is_written_names_the_span_that_made_it(spans: Spans):
    with sending({"prices"}, 2, makes=True):
        headers = record_headers()
    assert (spans.only.name, spans.only.kind) == ("send prices", SpanKind.PRODUCER)
    assert headers["traceparent"].decode() == header_of(spans.only)
    assert told(spans.only)["messaging.operation.type"] == "send"


def test_who_writes_what_others_made_is_a_client_of_kafka(spans: Spans):
    with pytest.raises(BufferError), sending({"a", "b"}, 2, makes=False):
        raise BufferError("canary")
    assert (spans.only.name, spans.only.kind) == ("send", SpanKind.CLIENT)
    assert (told(spans.only)["error.type"], spans.only.status.status_code) == ("BufferError", StatusCode.ERROR)
    assert "canary" not in spans.only.to_json()
