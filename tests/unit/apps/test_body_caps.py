"""The cap of each service's body lies above the longest request that is in order."""

import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from feature_server import app as feature_server
from feature_server.answers import MOST_SYMBOLS, FeatureRequest
from model_server import app as model_server
from model_server.api import MOST_INPUTS, PredictRequest
from price_feed import app as price_feed
from price_feed.prices import PostedPrice
from pricemodel.features import STORED_NAMES
from pydantic import BaseModel
from servicekit.application import new_application, setup_service
from servicekit.health import Health
from servicekit.metrics import Metrics

SYMBOL = "X" * 32
LONG_NUMBER = 1.2345678901234567e-100

LONGEST: dict[str, tuple[type[BaseModel], dict[str, Any], int]] = {
    "feature-server": (FeatureRequest, {"symbols": [SYMBOL] * MOST_SYMBOLS}, feature_server.BODY_BYTES),
    "model-server": (
        PredictRequest,
        {
            "inputs": [{"symbol": SYMBOL, "price": LONG_NUMBER, "features": dict.fromkeys(STORED_NAMES, LONG_NUMBER)}]
            * MOST_INPUTS,
            "explain": False,
        },
        model_server.BODY_BYTES,
    ),
    "price-feed": (
        PostedPrice,
        {
            "symbol": SYMBOL,
            "price": "-1234567890.1234",
            "currency": "USD",
            "traded_at": "2026-01-31T12:00:00.123456Z",
        },
        price_feed.BODY_BYTES,
    ),
}


@pytest.mark.parametrize("service", LONGEST)
def test_the_longest_request_in_order_is_below_the_cap_even_when_written_with_indents(service: str):
    model, content, cap = LONGEST[service]
    text = json.dumps(content, indent=1)
    model.model_validate_json(text)
    assert len(text) < cap


def application(**cap: int) -> FastAPI:
    app = new_application("echo", "1", "Answers with what it was sent.")

    @app.post("/echo")
    async def echo(body: dict[str, str]) -> dict[str, str]:
        return body

    setup_service(app, Health([]), Metrics(service="echo", version="1"), **cap)
    return app


@pytest.mark.parametrize(("size", "status"), [(200, 200), (300, 413)])
async def test_a_service_refuses_a_body_over_its_cap_and_counts_it(size: int, status: int):
    body = {"text": "x" * (size - 12)}
    transport = httpx.ASGITransport(app=application(most_body_bytes=256))
    async with httpx.AsyncClient(transport=transport, base_url="http://echo") as client:
        assert (await client.post("/echo", json=body)).status_code == status
        assert f'status="{status}"' in (await client.get("/metrics")).text
        assert (await client.get("/healthz")).json()["version"] == "1"
        assert (await client.get("/docs")).status_code == 404
