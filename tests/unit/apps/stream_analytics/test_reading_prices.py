"""Records of the price topics become numbers, or are refused with what is wrong."""

from pathlib import Path

import orjson
import pytest
import yaml
from stream_analytics.checkpoint import NEVER
from stream_analytics.sources import COMMODITY_PRICES, ISO_RT_LMP, SOURCES

ROOT = Path(__file__).parents[4]
PRICE = {"symbol": "WTI", "price": "71.25", "currency": "USD", "traded_at": "2026-01-31T12:00:00.000001Z"}
NOON = 1_769_860_800


class Message:
    def __init__(self, value: bytes | None, key: bytes | None = b"WTI", stamp: tuple[int, int] = (0, 0)) -> None:
        self._value, self._key, self._stamp = value, key, stamp

    def value(self) -> bytes | None:
        return self._value

    def key(self) -> bytes | None:
        return self._key

    def offset(self) -> int:
        return 5

    def timestamp(self) -> tuple[int, int]:
        return self._stamp


def refusal(message: Message) -> str:
    batch = COMMODITY_PRICES.batch([message], ahead_seconds=60)
    assert batch.time.tolist() == [NEVER]
    return batch.bad[0]


def test_sources_are_the_topics_of_the_catalog():
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    catalog = yaml.load((ROOT / "infra" / "catalog" / "topics.yaml").read_text(), Loader=loader)["topics"]
    for name, source in SOURCES.items():
        topic = catalog[name]
        types = {column["name"]: column["type"] for column in topic["columns"]}
        assert source.fields == set(types)
        assert list(source.key) == topic["key"]
        assert types[source.time] == "timestamp"
        assert types[source.price] == f"decimal({source.digits + 4},4)"


@pytest.mark.parametrize(
    ("price", "units"), [("71.25", 712_500), ("-3", -30_000), ("9999999999.9999", 99_999_999_999_999), ("0.0001", 1)]
)
def test_prices_and_times_are_read_without_losing_a_digit(price: str, units: int):
    batch = COMMODITY_PRICES.batch([Message(orjson.dumps({**PRICE, "price": price}))], ahead_seconds=60)
    assert (batch.value.tolist(), batch.time.tolist(), batch.key, batch.offset.tolist(), batch.bad) == (
        [units],
        [NOON * 1_000_000 + 1],
        ["WTI"],
        [5],
        {},
    )


def test_a_series_of_several_columns_is_named_by_all_of_them():
    record = dict.fromkeys(ISO_RT_LMP.fields, "x") | {
        "iso": "CAISO",
        "node": "SP15",
        "lmp": "-12.5",
        "interval_start": "2026-01-31T12:00:00Z",
    }
    batch = ISO_RT_LMP.batch([Message(orjson.dumps(record), key=b"CAISO|SP15")], ahead_seconds=60)
    assert (batch.key, batch.value.tolist(), batch.bad) == (["CAISO|SP15"], [-125_000], {})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"price": 71.25}, "a field is not text"),
        ({"price": "NaN"}, "price = 'NaN': must be text like 71.2500, with 10 digits and 4 at most"),
        ({"price": "1e3"}, "price = '1e3'"),
        ({"price": "12345678901"}, "price = '12345678901'"),
        ({"price": "1.23456"}, "price = '1.23456'"),
        ({"traded_at": "2026-01-31T12:00:00+00:00"}, "must be RFC 3339 text in UTC like 2026-01-31T12:00:00Z"),
        ({"traded_at": "2026-02-30T12:00:00Z"}, "day is out of range"),
        ({"traded_at": "1969-12-31T23:59:59Z"}, "must be from 1970 on"),
        ({"symbol": "BRENT"}, "the key = 'WTI': must be the record's symbol"),
        ({"venue": "x"}, "fields unknown: venue"),
    ],
)
def test_a_field_that_is_not_as_the_catalog_says_is_named(changed: dict[str, object], said: str):
    assert said in refusal(Message(orjson.dumps({**PRICE, **changed})))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Message(b"{"), "not JSON"),
        (Message(None), "not JSON"),
        (Message(b"[]"), "not a JSON object"),
        (Message(orjson.dumps(PRICE), key=None), "the key = None: must be the record's symbol"),
        (Message(orjson.dumps(PRICE), key=b"\xff"), "the key is not UTF-8 text"),
        (Message(orjson.dumps({"symbol": "WTI"})), "fields missing: currency, price, traded_at"),
        (Message(orjson.dumps(PRICE), stamp=(1, (NOON - 61) * 1000)), "at most 60 s ahead of the record's own"),
    ],
)
def test_a_record_that_cannot_be_read_is_refused_with_the_reason(message: Message, said: str):
    assert said in refusal(message)


def test_a_price_a_little_ahead_of_its_record_is_taken_for_a_clock_that_differs():
    batch = COMMODITY_PRICES.batch([Message(orjson.dumps(PRICE), stamp=(1, (NOON - 59) * 1000))], ahead_seconds=60)
    assert batch.bad == {}
