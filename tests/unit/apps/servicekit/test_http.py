"""Errors, metrics and request ids as a caller of any service sees them."""

import io
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from servicekit.errors import setup_errors
from servicekit.health import CheckReport, Health
from servicekit.metrics import Metrics, setup_metrics
from servicekit.requests import setup_requests
from servicekit.server import setup_drain

pytestmark = pytest.mark.usefixtures("log")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(service="svc", version="1")


@pytest.fixture
def health() -> Health:
    return Health([])


@pytest.fixture
async def client(metrics: Metrics, health: Health) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()

    @app.get("/items/{item}")
    async def item(item: int) -> dict[str, int]:
        return {"item": item}

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "short and stout", headers={"Retry-After": "3"})

    @app.get("/odd")
    async def odd() -> None:
        raise HTTPException(499, "gone")

    @app.get("/boom")
    async def boom() -> None:
        raise RuntimeError("password=canary")

    @app.get("/half")
    async def half() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            yield "one"
            raise RuntimeError("half-way")

        return StreamingResponse(parts())

    setup_errors(app)
    setup_metrics(app, metrics)
    setup_drain(app, health)
    setup_requests(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://svc") as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "problem"),
    [
        ("GET", "/nowhere", {"title": "Not Found", "status": 404}),
        ("POST", "/teapot", {"title": "Method Not Allowed", "status": 405}),
        ("GET", "/teapot", {"title": "I'm a Teapot", "status": 418, "detail": "short and stout"}),
        ("GET", "/odd", {"title": "Error", "status": 499, "detail": "gone"}),
    ],
)
async def test_a_refusal_is_a_problem_document(client: httpx.AsyncClient, method: str, path: str, problem: dict):
    answer = await client.request(method, path)
    assert answer.status_code == problem["status"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"type": "about:blank", "instance": path, **problem}


async def test_headers_of_a_refusal_are_kept(client: httpx.AsyncClient):
    assert (await client.get("/teapot")).headers["retry-after"] == "3"


async def test_an_invalid_request_names_the_field_and_does_not_repeat_its_value(client: httpx.AsyncClient):
    answer = await client.get("/items/canary")
    assert answer.status_code == 422
    assert [error["location"] for error in answer.json()["errors"]] == ["path.item"]
    assert "canary" not in json.dumps(answer.json()["errors"])


async def test_an_unexpected_error_tells_nothing_outside_and_everything_but_secrets_in_the_log(
    client: httpx.AsyncClient, log: io.StringIO
):
    answer = await client.get("/boom", headers={"X-Request-ID": "abc-1"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["detail"] == "The request failed; the service's log says why."
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    failure = next(line for line in lines if line["event"] == "a request failed")
    assert failure["request_id"] == "abc-1"
    assert "RuntimeError" in failure["exception"]
    assert "canary" not in log.getvalue()


async def test_an_answer_that_breaks_off_is_not_passed_off_as_whole(client: httpx.AsyncClient, log: io.StringIO):
    with pytest.raises(RuntimeError, match="half-way"):
        await client.get("/half")
    assert "a request failed" in log.getvalue()


async def test_a_sound_request_id_is_taken_over_and_returned(client: httpx.AsyncClient):
    assert (await client.get("/items/1", headers={"X-Request-ID": "a.b-c_1"})).headers["x-request-id"] == "a.b-c_1"


@pytest.mark.parametrize("given", ["", "x" * 65, 'a"b', "a b", "{}"])
async def test_an_unsound_request_id_is_replaced(client: httpx.AsyncClient, given: str):
    returned = (await client.get("/items/1", headers={"X-Request-ID": given})).headers["x-request-id"]
    assert len(returned) == 32
    assert returned != given


async def test_each_request_is_logged_once_without_its_query(client: httpx.AsyncClient, log: io.StringIO):
    await client.get("/items/1?token=canary")
    (line,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "GET", "/items/1", 200)
    assert "canary" not in log.getvalue()


async def test_health_and_metrics_requests_are_not_logged_at_the_usual_level(
    client: httpx.AsyncClient, log: io.StringIO
):
    await client.get("/metrics")
    assert log.getvalue() == ""


async def test_requests_are_counted_by_route_and_status(client: httpx.AsyncClient):
    for item in range(3):
        await client.get(f"/items/{item}")
    await client.get("/boom")
    text = (await client.get("/metrics")).text
    assert 'http_server_requests_total{method="GET",route="/items/{item}",status="200"} 3.0' in text
    assert 'http_server_requests_total{method="GET",route="/boom",status="500"} 1.0' in text
    assert 'http_server_request_duration_seconds_count{method="GET",route="/items/{item}"} 3.0' in text
    assert 'service_info{service="svc",version="1"} 1.0' in text


async def test_no_caller_can_grow_the_number_of_series(client: httpx.AsyncClient):
    for number in range(20):
        await client.request(f"METHOD{number}", f"/path/{number}")
    series = [
        line
        for line in (await client.get("/metrics")).text.splitlines()
        if line.startswith("http_server_requests_total")
    ]
    assert series == ['http_server_requests_total{method="other",route="unmatched",status="404"} 20.0']


async def test_metrics_are_served_in_the_format_asked_for(client: httpx.AsyncClient):
    assert (await client.get("/metrics")).headers["content-type"].startswith("text/plain")
    answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_two_applications_share_no_metric():
    first, second = Metrics(service="a", version="1"), Metrics(service="b", version="1")
    first.record_check(CheckReport(name="kafka", ok=True, seconds=0))
    assert first.registry.get_sample_value("dependency_ready", {"dependency": "kafka"}) == 1
    assert second.registry.get_sample_value("dependency_ready", {"dependency": "kafka"}) is None


async def test_kept_alive_connections_are_closed_while_stopping_only(client: httpx.AsyncClient, health: Health):
    assert "connection" not in (await client.get("/items/1")).headers
    health.stop()
    assert (await client.get("/items/1")).headers["connection"] == "close"
