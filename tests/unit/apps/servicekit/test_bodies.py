from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from servicekit.bodies import setup_body_cap
from servicekit.errors import setup_errors


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()

    @app.post("/")
    async def put(body: dict[str, str]) -> int:
        return len(body)

    setup_errors(app)
    setup_body_cap(app, 100)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://svc") as client:
        yield client


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 10):
        yield b" " * 10
    yield b"{}"


async def test_a_body_within_the_cap_is_served(client: httpx.AsyncClient):
    assert (await client.post("/", json={"a": "b" * 80})).json() == 1
    headers = {"content-type": "application/json"}
    assert (await client.post("/", content=chunks(90), headers=headers)).status_code == 200


async def test_a_body_over_the_cap_is_refused_by_its_length_alone(client: httpx.AsyncClient):
    answer = await client.post("/", json={"a": "b" * 100})
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert answer.json()["detail"] == "The body may have at most 100 bytes."


async def test_a_body_of_no_declared_length_is_refused_once_it_is_over_the_cap(client: httpx.AsyncClient):
    answer = await client.post("/", content=chunks(200), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


async def test_a_body_whose_length_is_told_in_two_ways_ends_the_connection(client: httpx.AsyncClient):
    headers = {"content-type": "application/json", "content-length": "2", "transfer-encoding": "chunked"}
    answer = await client.post("/", content=b"{}", headers=headers)
    assert (answer.status_code, answer.headers["connection"]) == (400, "close")
    assert "either Content-Length or Transfer-Encoding" in answer.json()["detail"]
