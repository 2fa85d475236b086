import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servicekit import hops
from servicekit.tracing import TraceParent, current_trace, trace_of, traced

EXAMPLE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_trace_is_read_back_as_it_was_written():
    for trace in (TraceParent.new(), TraceParent.new().child()):
        assert TraceParent.parse(str(trace)) == trace
        assert TraceParent.parse(bytes(trace)) == trace
    assert str(TraceParent.parse(EXAMPLE)) == EXAMPLE


def test_a_child_is_another_span_of_the_same_trace():
    trace = TraceParent.new()
    assert trace.child().trace == trace.trace
    assert trace.child().span != trace.span


@pytest.mark.parametrize(
    "text",
    [
        *["", "x", EXAMPLE.upper(), EXAMPLE[:-1], f"{EXAMPLE}-more", EXAMPLE.replace("00-4", "ff-4", 1)],
        *[f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01"],
        *[None, b"\xff\xfe"],
    ],
)
def test_a_trace_of_another_form_is_none(text: str | bytes | None):
    assert TraceParent.parse(text) is None


def test_a_later_version_may_say_more():
    assert TraceParent.parse(f"01{EXAMPLE[2:]}-more") is not None


def test_a_record_without_a_trace_begins_one():
    assert trace_of({"traceparent": EXAMPLE.encode()}).trace == EXAMPLE[3:35]
    assert trace_of({}) != trace_of({})


def test_the_trace_being_worked_on_is_known_inside_and_not_after():
    with traced(TraceParent.new()) as trace:
        assert current_trace() == trace
    assert current_trace() is None


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
