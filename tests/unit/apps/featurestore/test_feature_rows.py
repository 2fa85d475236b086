"""Rows of the online store: what is written is read, and nothing else."""

from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
from featurestore import VIEW
from featurestore.connection import RedisSettings
from featurestore.rows import Row, RowError, decode, encode, key_of

ROW = Row({"average_7": 71.25, "trend_7": -1e-17}, date(2026, 1, 30), datetime(2026, 1, 31, 5, 0, 0, 7, tzinfo=UTC))


def test_a_row_is_read_as_it_was_written():
    assert decode(encode(ROW)) == ROW


def test_keys_of_tenants_never_meet():
    assert key_of("trading-desk", VIEW, "WTI") == "features:trading-desk:commodity_prices:WTI"
    for tenant, symbol in (("a:b", "WTI"), ("a", "W:TI"), ("", "WTI"), ("A", "WTI"), ("a", "wti"), ("a\n", "WTI")):
        with pytest.raises(ValueError, match="must be like"):
            key_of(tenant, VIEW, symbol)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Row({"x": float("nan")}, ROW.day, ROW.as_of), "feature x is nan: it must be a finite number"),
        (Row({"x": float("inf")}, ROW.day, ROW.as_of), "feature x is inf"),
        (Row({}, ROW.day, ROW.as_of), "at least one feature"),
        (Row({"x": 1.0}, ROW.day, datetime(2026, 1, 31)), "has no time zone"),  # noqa: DTZ001 - what is refused
    ],
)
def test_what_no_reader_could_use_is_not_written(row: Row, said: str):
    with pytest.raises(ValueError, match=said):
        encode(row)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'{"version": 1}',
        orjson.dumps({"version": 2, "as_of": 1, "day": "2026-01-01", "values": {"x": 1.0}}),
        orjson.dumps({"version": 1, "as_of": 1, "day": "2026-01-01", "values": {}}),
        orjson.dumps({"version": 1, "as_of": 1, "day": "2026-01-01", "values": {"x": "1"}}),
        orjson.dumps({"version": 1, "as_of": 1, "day": "2026-01-01", "values": {"x": True}}),
        orjson.dumps({"version": 1, "as_of": 1, "day": "2026-01-01", "values": [1.0]}),
        orjson.dumps({"version": 1, "as_of": 1, "day": "yesterday", "values": {"x": 1.0}}),
        orjson.dumps({"version": 1, "as_of": 10**18, "day": "2026-01-01", "values": {"x": 1.0}}),
        orjson.dumps({"version": 1, "as_of": None, "day": "2026-01-01", "values": {"x": 1.0}}),
    ],
)
def test_what_is_no_row_is_refused(content: bytes):
    with pytest.raises(RowError, match="not a row of version 1"):
        decode(content)


def test_a_row_of_any_age_keeps_its_instant_to_the_microsecond():
    for days in (0, 1, 20_000, 40_000):
        row = Row({"x": 1.0}, ROW.day, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days, microseconds=1))
        assert decode(encode(row)).as_of == row.as_of


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ca_file": "/nowhere/ca.pem"}, "ca_file is not used without tls"),
        ({"tls": True, "ca_file": "/nowhere/ca.pem"}, "no such file"),
        ({"username": "feature-job"}, "username needs a password"),
        ({"port": 0}, "greater than or equal to 1"),
    ],
)
def test_settings_of_redis_that_cannot_work_are_refused(wrong: dict[str, object], said: str):
    with pytest.raises(ValueError, match=said):
        RedisSettings(host="redis", **wrong)


def test_with_tls_the_servers_name_is_checked():
    options = RedisSettings(host="redis", tls=True).options()
    assert (options["ssl"], options["ssl_cert_reqs"], options["ssl_check_hostname"]) == (True, "required", True)
    assert "ssl" not in RedisSettings(host="redis").options()
