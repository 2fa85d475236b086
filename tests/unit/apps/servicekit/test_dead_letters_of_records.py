from servicekit import hops
from servicekit.dead_letters import dead_letter_of
from servicekit.records import Record

CLIENT_LIMIT = 1_000_000
"""librdkafka's message.max.bytes as it comes: of key, value, headers and some bytes around them."""


def record(value: bytes | None = b"{", key: bytes | None = b"WTI", headers: dict[str, bytes] | None = None) -> Record:
    return Record("commodity-prices", 3, 7, key, value, headers or {}, 1000)


def test_a_record_is_kept_as_it_came_with_the_reason_and_where_it_came_from():
    letter = dead_letter_of(record(headers={"traceparent": b"00-1"}), "not JSON, password=canary " + "x" * 2000)
    assert (letter.key, letter.value) == (b"WTI", b"{")
    reason = letter.headers.pop("reason")
    assert b"canary" not in reason
    assert len(reason) <= 1000
    assert letter.headers == {
        "traceparent": b"00-1",
        "topic": b"commodity-prices",
        "partition": b"3",
        "offset": b"7",
    }
    assert dead_letter_of(record(None, None), "no value")[:2] == (None, None)


def test_whatever_a_record_is_full_of_its_dead_letter_is_one_that_can_be_sent():
    full = b"x" * (CLIENT_LIMIT - 100)
    for one in (record(full), record(key=full), record(headers={"h": full}), record(full[:600_000], full[:399_000])):
        letter = dead_letter_of(one, "r" * 5000)
        size = sum(map(len, (letter.key or b"", letter.value or b"", *letter.headers, *letter.headers.values())))
        assert size < CLIENT_LIMIT * 0.9
    assert dead_letter_of(record(full), "r").headers["truncated"] == b"999900"
    assert dead_letter_of(record(key=full), "r").headers["truncated-key"] == b"999900"
    headers = dead_letter_of(record(headers={"h": full}), "r").headers
    assert headers["truncated-headers"] == b"999901"
    assert "h" not in headers


def test_a_hop_at_an_instant_of_thousands_of_digits_is_left_out():
    assert hops.parse({hops.HEADER: b"a=" + b"9" * 5000 + b";b=5"}) == [hops.Hop("b", 5)]
