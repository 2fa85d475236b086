"""stream-analytics as a command and as an application, without Kafka."""

import os
import signal
from types import SimpleNamespace

import httpx
import pytest
from opentelemetry.trace import SpanKind
from servicekit.kafka import KafkaSettings
from servicekit.kafka_errors import KafkaFailure
from servicekit.settings import SettingsError, load_settings
from stream_analytics import __main__ as command
from stream_analytics.app import create_service
from stream_analytics.partition import Partition
from stream_analytics.settings import StreamAnalyticsSettings
from stream_analytics.windows import WindowSettings
from stream_analytics.writer import Outgoing

from tests.support.spans import header_of, recorded_spans

KAFKA = "STREAM_ANALYTICS_KAFKA_BOOTSTRAP_SERVERS"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("STREAM_ANALYTICS_"):
            monkeypatch.delenv(name)


def settings() -> StreamAnalyticsSettings:
    return StreamAnalyticsSettings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"))


def test_without_kafka_it_does_not_start_and_names_the_variable(capsys: pytest.CaptureFixture[str]):
    assert command.main([]) == 2
    assert f"{KAFKA}: not set" in capsys.readouterr().err


def test_a_topic_without_prices_is_refused_with_those_there_are(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(KAFKA, "127.0.0.1:9092")
    monkeypatch.setenv("STREAM_ANALYTICS_WINDOWS", '{"audit": {}}')
    with pytest.raises(SettingsError, match="audit: no topic of prices; known are ISO_RT_LMP, commodity-prices"):
        load_settings(StreamAnalyticsSettings)


def test_the_fingerprint_changes_with_the_windows_of_the_topic():
    other = settings().model_copy(update={"windows": {"commodity-prices": WindowSettings(tumbling_seconds=30)}})
    assert other.fingerprint("commodity-prices") != settings().fingerprint("commodity-prices")
    assert settings().fingerprint("commodity-prices") == settings().fingerprint("commodity-prices")


async def test_it_is_not_ready_before_it_has_joined_its_group():
    service = create_service(settings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://analytics") as client:
        answer = await client.get("/readyz")
    reasons = {check["name"]: check["reason"] for check in answer.json()["checks"]}
    assert (answer.status_code, reasons["pipeline"]) == (503, "it has not joined its consumer group yet")


async def test_a_pipeline_that_fails_ends_the_process_and_says_why(monkeypatch: pytest.MonkeyPatch):
    service = create_service(settings())
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _pid, number: sent.append(number))

    def fail() -> None:
        raise KafkaFailure("the transactional id cannot be taken over")

    monkeypatch.setattr(service.worker.pipeline, "run", fail)
    service.worker.start()
    service.worker.end(5)
    assert sent == [signal.SIGTERM]
    with pytest.raises(RuntimeError, match="it ended: the transactional id cannot be taken over"):
        await service.worker.probe()


async def test_a_body_over_the_cap_is_refused():
    transport = httpx.ASGITransport(create_service(settings()).app)
    async with httpx.AsyncClient(transport=transport, base_url="http://analytics") as client:
        assert (await client.post("/healthz", content=b"x" * 3_000_000)).status_code == 413


class Letter:
    def __init__(self, value: bytes) -> None:
        self._value = value

    def error(self) -> None:
        return None

    def key(self) -> bytes:
        return b"WTI"

    def value(self) -> bytes:
        return self._value

    def topic(self) -> str:
        return "commodity-prices"

    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return 7

    def timestamp(self) -> tuple[int, int]:
        return 1, 1000

    def headers(self) -> list[tuple[str, bytes | None]]:
        return [("traceparent", b"00-1-2-01"), ("empty", None)]


def test_a_dead_letter_keeps_the_record_and_says_why_and_where_from():
    pipeline = create_service(settings()).worker.pipeline
    letter = pipeline._dead_letter(Letter(b"{"), "not JSON")
    assert (letter.topic, letter.key, letter.value) == ("stream-analytics.dead-letter", b"WTI", b"{")
    assert letter.headers == {
        "traceparent": b"00-1-2-01",
        "empty": b"",
        "reason": b"not JSON",
        "topic": b"commodity-prices",
        "partition": b"3",
        "offset": b"7",
    }


def test_a_record_that_no_dead_letter_could_hold_is_cut_and_says_so():
    pipeline = create_service(settings()).worker.pipeline
    letter = pipeline._dead_letter(Letter(b"x" * 1_000_000), "not JSON")
    assert len(letter.value or b"") == 512 * 1024
    assert letter.headers["truncated"] == b"1000000"


class Committed:
    """Stands in for the writer."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []

    def commit(self, records: list[Outgoing], _offsets: object, _group: object) -> None:
        self.records += records


def test_windows_carry_the_trace_of_what_wrote_them_and_dead_letters_their_own():
    pipeline = create_service(settings()).worker.pipeline
    pipeline._consumer = SimpleNamespace(
        consumer_group_metadata=lambda: None, get_watermark_offsets=lambda _place, cached: (0, 9)
    )
    pipeline._partitions["commodity-prices", 3] = Partition(pipeline._settings.windows_by_topic["commodity-prices"])
    window = Outgoing("price-windows", b"WTI", b"{}", {"hops": b"stream-analytics=1"})
    pipeline._outgoing = [window, pipeline._dead_letter(Letter(b"{"), "not JSON")]
    writer = Committed()
    with recorded_spans() as spans:
        pipeline._commit(writer)  # type: ignore[arg-type]
    assert (spans.only.name, spans.only.kind) == ("send", SpanKind.PRODUCER)
    written, letter = writer.records
    assert written.headers == {**window.headers, "traceparent": header_of(spans.only).encode()}
    assert letter.headers["traceparent"] == b"00-1-2-01"


def test_a_batch_is_one_span_with_links_and_where_none_are_sent_no_header_is_read(monkeypatch: pytest.MonkeyPatch):
    pipeline = create_service(settings()).worker.pipeline
    asked = []

    def headers(_self: Letter) -> list[tuple[str, bytes | None]]:
        asked.append(1)
        return [("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]

    monkeypatch.setattr(Letter, "headers", headers)
    batch = [Letter(b"{"), Letter(b"{")]
    pipeline._take(batch, 0.0)
    assert asked == []
    with recorded_spans() as spans:
        pipeline._take(batch, 0.0)
        pipeline._take([], 0.0)
    assert (spans.only.name, len(spans.only.links)) == ("process commodity-prices", 2)
