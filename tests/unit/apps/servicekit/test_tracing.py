import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext, SpanKind, format_span_id, format_trace_id
from servicekit import hops
from servicekit.tracing import (
    Unrecorded,
    current,
    of_record,
    of_request,
    passed_on,
    record_headers,
    request_headers,
    span,
)
from starlette.datastructures import Headers

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
EXAMPLE = f"00-{TRACE}-{SPAN}-01"


def identifiers(context: SpanContext) -> tuple[str, str]:
    return format_trace_id(context.trace_id), format_span_id(context.span_id)


def test_a_trace_is_read_from_requests_and_records_alike():
    for came in (of_request(Headers({"traceparent": EXAMPLE})), of_record({"traceparent": EXAMPLE.encode()})):
        assert identifiers(came) == (TRACE, SPAN)
        assert came.trace_flags.sampled
        assert came.is_remote


@pytest.mark.parametrize(
    "text",
    [
        *["", "x", EXAMPLE.upper(), EXAMPLE[:-1], f"{EXAMPLE}-more", EXAMPLE.replace("00-4", "ff-4", 1)],
        *[f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", "\xff\xfe", f"{EXAMPLE}{' ' * 600}"],
    ],
)
def test_a_trace_of_another_form_is_none(text: str):
    assert not of_record({"traceparent": text.encode("latin-1")}).is_valid
    assert not of_request(Headers({"traceparent": text})).is_valid
    assert not of_record({}).is_valid


def test_what_is_made_of_a_record_carries_its_trace_as_it_came():
    headers = {"traceparent": EXAMPLE.encode(), "hops": b"a=1"}
    assert passed_on(headers) == {"traceparent": EXAMPLE.encode()}
    with_state = {**headers, "tracestate": b"vendor=1"}
    assert passed_on(with_state) == {"traceparent": EXAMPLE.encode(), "tracestate": b"vendor=1"}


def test_a_trace_of_a_later_version_is_passed_on_in_the_form_that_everybody_reads():
    assert passed_on({"traceparent": f"01{EXAMPLE[2:]}-more".encode()}) == {"traceparent": EXAMPLE.encode()}


def test_what_is_made_of_a_record_without_a_trace_carries_that_of_the_work():
    with span("work", SpanKind.INTERNAL, {}):
        assert passed_on({"traceparent": b"x"}) == passed_on({}) == record_headers() != {}
    assert passed_on({}) == {}, "outside of any work there is none"


def test_without_a_collector_the_callers_trace_goes_on_unchanged_and_one_begins_where_there_is_none():
    caller = of_record({"traceparent": EXAMPLE.encode()})
    with span("work", SpanKind.SERVER, {}, parent=caller) as work, span("call", SpanKind.CLIENT, {}) as call:
        assert request_headers() == {"traceparent": EXAMPLE}
        assert not work.is_recording()
        assert not call.is_recording()
    with span("work", SpanKind.SERVER, {}) as one, span("other", SpanKind.SERVER, {}, parent=INVALID_SPAN_CONTEXT):
        begun = one.get_span_context()
        assert begun.is_valid
        assert not begun.trace_flags.sampled, "nobody has recorded it"
        assert current().trace_id != begun.trace_id
    assert not current().is_valid


def test_the_tracer_that_records_nothing_is_one_like_any_other():
    with Unrecorded().start_as_current_span("work") as work:
        assert current() == work.get_span_context()
    assert not current().is_valid


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True), st.integers(0, 2**53)), max_size=9)
)
def test_hops_are_read_back_in_the_order_in_which_they_were_added(added: list[tuple[str, int]]):
    headers: dict[str, bytes] = {"other": b"kept"}
    for service, at in added:
        headers = hops.append(headers, service, at)
    assert hops.parse(headers) == added
    assert headers["other"] == b"kept"


def test_a_record_that_goes_in_circles_keeps_its_latest_hops_only():
    headers: dict[str, bytes] = {}
    for at in range(100):
        headers = hops.append(headers, "a", at)
    assert [hop.at for hop in hops.parse(headers)] == list(range(100 - hops.MOST, 100))


@settings(max_examples=25)
@given(st.binary(max_size=40))
def test_whatever_a_header_holds_can_be_read(data: bytes):
    hops.parse({"hops": data})


@pytest.mark.parametrize("service", ["", "A", "a=b", "a;b", "-a"])
def test_a_name_that_would_break_the_header_is_refused(service: str):
    with pytest.raises(ValueError, match="lower-case letters"):
        hops.append({}, service)


def test_several_hops_at_once_are_as_one_after_the_other():
    one_by_one = hops.append(hops.append({"hops": b"a=1"}, "b", 2), "c", 3)
    assert hops.extend({"hops": b"a=1"}, [hops.Hop("b", 2), hops.Hop("c", 3)]) == one_by_one
    with pytest.raises(ValueError, match="service 'B'"):
        hops.extend({}, [hops.Hop("B", 1)])
