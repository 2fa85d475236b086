import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sandbox.smoke.hosted import SERVICES, Hosted
from sandbox.smoke.report import Smoke, smoke_of
from sandbox.smoke.run import SmokeFailedError, run_smoke

ENVELOPE = {
    "hops": [{"service": "price-feed", "at": 3000}, {"service": "stream-gateway", "at": 9500}],
    "value": {"prediction": 62.5, "confidence": 0.61, "model_version": "3"},
    "traceparent": "00-1-2-01",
}


def pod(workload: str, **changed: Any) -> dict[str, Any]:
    return {
        "pod": f"{workload}-0",
        "container": workload,
        "address": "127.0.0.1",
        "ports": [],
        "ready": True,
        "restarts": 0,
        "phase": "Running",
        "waiting": None,
        "log": f"/logs/{workload}.log",
        "labels": {"app.kubernetes.io/name": workload},
        "owner": workload,
        **changed,
    }


def service(name: str, port: int = 8080, **changed: Any) -> dict[str, Any]:
    return {
        "namespace": "n",
        "name": name,
        "address": "127.0.0.1",
        "port": port,
        "endpoints": 1,
        "problem": "",
        **changed,
    }


@pytest.fixture
def say(tmp_path: Path) -> Callable[..., Path]:
    """Writes down what runs, as the agent does."""

    def say(*pods: dict[str, Any], services: tuple[dict[str, Any], ...] = ()) -> Path:
        known = {name: pod(name) for name in SERVICES} | {each["container"]: each for each in pods}
        (tmp_path / "pods.json").write_text(json.dumps({"pods": list(known.values()), "services": list(services)}))
        return tmp_path

    return say


def journey() -> Smoke:
    return smoke_of({"symbol": "WTI", "price": "61.2500"}, 1000, 10_000, ENVELOPE)


def test_each_hop_has_the_milliseconds_since_the_one_before_and_the_client_is_the_last():
    smoke = journey()
    assert [(hop.service, hop.ms) for hop in smoke.hops] == [
        ("price-feed", 2.0),
        ("stream-gateway", 6.5),
        ("client", 0.5),
    ]
    assert smoke.total_ms == 9.0 == sum(hop.ms for hop in smoke.hops)


def test_the_journey_is_printed_a_line_a_hop_with_the_answer_and_written_down(tmp_path: Path):
    smoke = journey()
    lines = list(smoke.lines())
    assert lines[0] == "One price through the whole path (WTI at 61.2500):"
    assert lines[1].split() == ["price-feed", "2.0", "ms"]
    assert lines[-1].strip() == "prediction 62.5000 with confidence 0.61 by model version 3"
    smoke.write(tmp_path / "smoke.json")
    document = json.loads((tmp_path / "smoke.json").read_text())
    assert document["hops"][0] == {"service": "price-feed", "at": 3000, "ms": 2.0}
    assert (document["total_ms"], document["answer"]["prediction"]) == (9.0, 62.5)


def test_what_the_path_waits_for_is_told_with_its_state(say: Callable[..., Path]):
    hosted = Hosted.read(
        say(
            pod("model-server", ready=False),
            pod("redis", ready=False),
            pod("feature-server", ready=False, waiting=["ContainerCreating", "redis does not exist yet"]),
            pod("price-feed", ready=False, phase="Pending", restarts=2),
            pod("model-training-5f2a", ready=False),
            pod("feature-job", ready=False, phase="Succeeded"),
        )
    )
    assert list(hosted.missing()) == [
        "price-feed (Pending, restarted 2 times)",
        "feature-server (ContainerCreating: redis does not exist yet)",
        "model-server (not ready)",
        "model-training (not ready)",
    ]


def test_a_service_without_endpoints_has_no_address(say: Callable[..., Path]):
    hosted = Hosted.read(say(services=(service("price-feed", endpoints=0), service("stream-gateway", 81))))
    assert hosted.url("price-feed") is None
    assert hosted.url("stream-gateway") == "http://127.0.0.1:81"
    assert Hosted.read(Path("/nowhere")) == Hosted((), ())


def test_a_path_that_does_not_become_ready_is_told_with_the_hop_and_its_log(say: Callable[..., Path]):
    host = say(pod("model-server", ready=False))
    with pytest.raises(SmokeFailedError) as caught:
        run_smoke(host, lambda: "token", lambda _text: None, ready_seconds=0.0)
    assert "the path is not ready after 0 s: it waits for model-server (not ready)" in str(caught.value)
    assert (caught.value.where, caught.value.fix) == ("model-server", "look at its log: /logs/model-server.log")


def test_a_gateway_that_does_not_answer_is_named(say: Callable[..., Path]):
    host = say(services=(service("price-feed", 9), service("stream-gateway", 9)))
    with pytest.raises(SmokeFailedError, match=r"no WebSocket at http://127\.0\.0\.1:9") as caught:
        run_smoke(host, lambda: "token", lambda _text: None)
    assert caught.value.where == "stream-gateway"


class Platform:
    """price-feed, stream-gateway and prediction-consumer in one: lets a price come as far as a test wants."""

    def __init__(self) -> None:
        self.post_status = 202
        self.topics: list[str] = []
        self.readyz: dict[str, Any] = {"checks": []}
        self.subscribed: dict[str, Any] = {"subscribed": {}}
        self._socket: web.WebSocketResponse | None = None

    async def stream(self, request: web.Request) -> web.WebSocketResponse:
        self._socket = web.WebSocketResponse()
        await self._socket.prepare(request)
        await self._socket.receive_json()
        await self._socket.send_json(self.subscribed)
        await self._socket.receive()
        return self._socket

    async def prices(self, request: web.Request) -> web.Response:
        assert request.headers["authorization"] == "Bearer token"
        price, trace = await request.json(), request.headers["traceparent"]
        for topic in self.topics:
            value = ENVELOPE["value"] if topic == "ml-predictions" else price
            assert self._socket is not None
            await self._socket.send_json({**ENVELOPE, "topic": topic, "value": value, "traceparent": "another"})
            await self._socket.send_json({**ENVELOPE, "topic": topic, "value": value, "traceparent": trace})
        return web.json_response({"detail": "as the test wants"}, status=self.post_status)

    async def ready(self, _request: web.Request) -> web.Response:
        return web.json_response(self.readyz, status=503)


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def smoke(platform: Platform, say: Callable[..., Path]) -> Callable[[], Any]:
    async def smoke() -> Smoke:
        import asyncio

        application = web.Application()
        application.router.add_get("/ws/stream", platform.stream)
        application.router.add_post("/v1/prices", platform.prices)
        application.router.add_get("/readyz", platform.ready)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        host = say(
            pod("prediction-consumer", ports=[port]),
            services=(service("price-feed", port), service("stream-gateway", port)),
        )
        try:
            return await asyncio.to_thread(run_smoke, host, lambda: "token", lambda _text: None, answer_seconds=0.05)
        finally:
            await runner.cleanup()

    return smoke


async def test_the_prediction_of_the_same_trace_is_the_answer(platform: Platform, smoke: Callable[[], Any]):
    platform.topics = ["commodity-prices", "ml-predictions"]
    journey = await smoke()
    assert journey.answer == ENVELOPE["value"]
    assert journey.price["symbol"] == "WTI"
    assert journey.hops[-1].service == "client"


@pytest.mark.parametrize(
    ("changed", "hop", "told"),
    [
        ({"post_status": 503}, "price-feed", "it answers 503"),
        ({"subscribed": {"error": {"message": "no"}}}, "stream-gateway", "answers the subscription with"),
        ({}, "stream-gateway", "the price is on Kafka, but did not come within 0 s"),
        ({"topics": ["commodity-prices"]}, "prediction-consumer", "may be in its dead-letter topic"),
        (
            {
                "topics": ["commodity-prices"],
                "readyz": {
                    "checks": [{"name": "loop", "reason": "paused for 9 s: model-server: no answer within 2 s"}]
                },
            },
            "model-server",
            "prediction-consumer says: paused for 9 s: model-server: no answer within 2 s",
        ),
    ],
)
async def test_the_hop_that_did_not_answer_is_named_with_its_log(
    platform: Platform, smoke: Callable[[], Any], changed: dict[str, Any], hop: str, told: str
):
    for name, value in changed.items():
        setattr(platform, name, value)
    with pytest.raises(SmokeFailedError) as caught:
        await smoke()
    assert told in str(caught.value)
    assert (caught.value.where, caught.value.fix) == (hop, f"look at its log: /logs/{hop}.log")
