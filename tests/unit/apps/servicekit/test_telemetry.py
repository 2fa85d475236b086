"""Whether and how spans are sent; the collector is one of the test's."""

import io
import json
import logging
import threading
from collections.abc import Sequence

import pytest
from opentelemetry.sdk import _shared_internal as queue
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanKind
from servicekit import telemetry as module
from servicekit.settings import SettingsError, load_settings
from servicekit.telemetry import Told, telemetry
from servicekit.telemetry_settings import TelemetrySettings
from servicekit.tracing import recording, span

COLLECTOR = "http://collector:4318"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", COLLECTOR)
    return monkeypatch


def settings(**changed: str) -> TelemetrySettings:
    return TelemetrySettings(exporter_otlp_endpoint=COLLECTOR, **changed)  # type: ignore[arg-type]


class Collector(SpanExporter):
    """Takes spans, or says no, or does not answer before it is released."""

    def __init__(self, *, answers: Sequence[SpanExportResult] = (), released: threading.Event | None = None) -> None:
        self.answers, self.released = list(answers), released
        self.taken: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self.released is not None:
            assert self.released.wait(30)
        self.taken += spans
        return self.answers.pop(0) if self.answers else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        return


def test_without_a_collector_nothing_is_sent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    assert load_settings(TelemetrySettings).traces_endpoint is None
    assert not recording()


@pytest.mark.parametrize("endpoint", [COLLECTOR, f"{COLLECTOR}/"])
def test_spans_are_sent_below_the_endpoint_of_all_signals(environment: pytest.MonkeyPatch, endpoint: str):
    environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    assert load_settings(TelemetrySettings).traces_endpoint == f"{COLLECTOR}/v1/traces"


def test_all_of_it_can_be_turned_off(environment: pytest.MonkeyPatch):
    environment.setenv("OTEL_SDK_DISABLED", "true")
    assert load_settings(TelemetrySettings).traces_endpoint is None


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "URL"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "'http/protobuf'"),
        ("OTEL_TRACES_SAMPLER", "always_on", "parentbased_always_on"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5", "less than or equal to 1"),
    ],
)
def test_a_wrong_variable_is_named_with_its_value_and_what_it_may_be(
    environment: pytest.MonkeyPatch, name: str, value: str, part: str
):
    environment.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name} = '{value}': .*{part}"):
        load_settings(TelemetrySettings)


def test_other_variables_of_the_standard_are_no_mistake(environment: pytest.MonkeyPatch):
    environment.setenv("OTEL_METRICS_EXPORTER", "none")
    assert load_settings(TelemetrySettings).traces_endpoint


@pytest.mark.parametrize(("share", "recorded"), [("0", False), ("0.5", None), ("1", True)])
def test_of_the_traces_that_begin_here_a_share_is_recorded_and_of_others_what_the_caller_records(
    share: str, recorded: bool | None
):
    sampler = module._sampler(settings(traces_sampler="parentbased_traceidratio", traces_sampler_arg=share))
    first, last = (
        sampler.should_sample(None, trace, "n").decision is Decision.RECORD_AND_SAMPLE for trace in (1, 2**128 - 1)
    )
    assert (first, last) == ((recorded, recorded) if recorded is not None else (True, False))


def test_a_span_says_which_program_made_it_and_in_which_pod(monkeypatch: pytest.MonkeyPatch, log: io.StringIO):
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.namespace.name=features,k8s.pod.name=a-1,service.name=other")
    collector = Collector()
    monkeypatch.setattr(module.trace_exporter, "OTLPSpanExporter", lambda endpoint: collector)
    with telemetry(f"{COLLECTOR}/v1/traces", settings(), service="svc", version="9.9"):
        assert recording()
        with span("work", SpanKind.INTERNAL, {}):
            pass
    assert not recording()
    [sent] = collector.taken
    told = dict(sent.resource.attributes)
    assert (told["service.name"], told["service.version"]) == ("svc", "9.9")
    assert (told["k8s.namespace.name"], told["k8s.pod.name"]) == ("features", "a-1")


def test_a_collector_that_does_not_answer_holds_no_work_up_and_the_end_only_as_long_as_it_may(
    monkeypatch: pytest.MonkeyPatch, log: io.StringIO
):
    released = threading.Event()
    monkeypatch.setattr(module.trace_exporter, "OTLPSpanExporter", lambda endpoint: Collector(released=released))
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "8")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4")
    with telemetry(f"{COLLECTOR}/v1/traces", settings(), service="svc", version="9.9", flush_seconds=0.05):
        for _ in range(200):
            with span("work", SpanKind.INTERNAL, {}):
                pass
    assert not released.is_set(), "nobody has waited for the collector"
    events = [json.loads(line)["event"] for line in log.getvalue().splitlines()]
    assert "the last spans are lost: the collector did not take them in time" in events
    left = [each for each in threading.enumerate() if "Otel" in each.name or each.name == "telemetry-end"]
    assert left
    assert all(each.daemon for each in left), "what is left does not keep the process"
    released.set()
    for each in left:
        each.join(10)


def test_an_outage_of_the_collector_is_told_once_and_so_is_its_end(log: io.StringIO):
    failure, success = SpanExportResult.FAILURE, SpanExportResult.SUCCESS
    library = logging.getLogger("tests.exporter")
    told = Told(Collector(answers=[failure, failure, failure, success, failure]), [library.name], COLLECTOR)
    for _ in range(5):
        library.error("Failed to export")
        told.export([])
    assert [json.loads(line)["event"] for line in log.getvalue().splitlines()] == [
        "Failed to export",
        "spans are lost: the collector does not take them",
        "the collector takes spans again",
        "Failed to export",
        "spans are lost: the collector does not take them",
    ]


def test_the_logs_that_fall_silent_during_an_outage_are_those_that_the_library_writes():
    assert {module.trace_exporter._logger.name, queue._logger.name} == set(module._LIBRARY_LOGS)
