"""The records against the catalog, read as data: what they write and read is what the topics declare."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import islice, pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from pricemodel.lmp import INTERVAL, Lmp, generated_lmps
from pricemodel.records import CommodityPrice, Prediction, Record, RecordError
from pydantic import ValidationError

CATALOG = Path(__file__).parents[4] / "infra" / "catalog" / "topics.yaml"

PRICE = CommodityPrice(
    symbol="WTI", price=Decimal("71.2500"), currency="USD", traded_at=datetime(2026, 1, 31, 12, tzinfo=UTC)
)
PREDICTION = Prediction(
    symbol="WTI",
    prediction_id=UUID("0c1f8a52-7f3e-5b57-9d0e-8a4b1f2c3d4e"),
    model_version="7",
    predicted_at=datetime(2026, 1, 31, 12, 0, 0, 250, tzinfo=UTC),
    prediction=71.9,
    confidence=0.61,
)
LMP = next(generated_lmps("PJM", "WESTERN HUB", seed=1))
RECORDS = [PRICE, PREDICTION, LMP]


@pytest.fixture(scope="module")
def topics() -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(CATALOG.read_text(), Loader=loader)["topics"]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.topic)
def test_a_record_has_the_columns_and_the_key_of_its_topic(record: Record, topics: dict[str, Any]):
    declared = topics[record.topic]
    assert list(json.loads(record.to_bytes())) == [column["name"] for column in declared["columns"]]
    assert list(record.key_columns) == declared["key"]
    assert not [column for column in declared["columns"] if column.get("nullable")]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.topic)
def test_a_record_is_the_same_after_writing_and_reading(record: Record):
    assert type(record).parse(record.to_bytes()) == record


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.topic)
def test_written_values_have_the_form_of_their_columns(record: Record, topics: dict[str, Any]):
    import jsonschema

    from infra.core.data.dataset import Column
    from infra.core.data.json_schema import json_schema

    columns = [Column.model_validate(column) for column in topics[record.topic]["columns"]]
    jsonschema.Draft202012Validator(json_schema(record.topic, "", columns)).validate(json.loads(record.to_bytes()))


def test_the_key_is_the_text_of_the_key_columns():
    assert PRICE.key == b"WTI"
    assert LMP.key == b"PJM|WESTERN HUB"


def test_decimals_are_text_and_instants_end_with_z():
    assert json.loads(PRICE.to_bytes()) == {
        "symbol": "WTI",
        "price": "71.2500",
        "currency": "USD",
        "traded_at": "2026-01-31T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("symbol", "W|I", "symbol = 'W|I'"),
        ("symbol", "", "symbol = ''"),
        ("price", 71.25, "price = 71.25: must be text with at most 10 digits before and 4 after the point"),
        ("price", 71, "price = 71: must be text"),
        ("price", "NaN", "price = 'NaN': must be text"),
        ("price", "1e3", "price = '1e3': must be text"),
        ("price", "12345678901", "price = '12345678901': must be text"),
        ("price", "1.00001", "price = '1.00001': must be text"),
        ("currency", "usd", "currency = 'usd'"),
        ("traded_at", 1700000000, "traded_at = 1700000000: must be RFC 3339 text in UTC"),
        ("traded_at", "2026-01-31T12:00:00+01:00", "traded_at = '2026-01-31T12:00:00+01:00': must be RFC 3339"),
        ("traded_at", "2026-13-31T12:00:00Z", "traded_at = '2026-13-31T12:00:00Z'"),
        ("extra", 1, "extra = 1: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_field_is_named_with_its_value_and_limit(field: str, value: object, told: str):
    with pytest.raises(RecordError) as caught:
        CommodityPrice.parse(json.dumps(json.loads(PRICE.to_bytes()) | {field: value}).encode())
    assert str(caught.value).startswith("commodity-prices: ")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("confidence", 1.1), ("confidence", -0.1), ("prediction", "NaN"), ("model_version", ""), ("prediction_id", "7")],
)
def test_a_wrong_field_of_a_prediction_is_named(field: str, value: object):
    with pytest.raises(RecordError, match=f"ml-predictions: {field} = "):
        Prediction.parse(json.dumps(json.loads(PREDICTION.to_bytes()) | {field: value}).encode())


def test_a_missing_field_is_named():
    with pytest.raises(RecordError, match="commodity-prices: price: Field required"):
        CommodityPrice.parse(b'{"symbol": "WTI", "currency": "USD", "traded_at": "2026-01-31T12:00:00Z"}')


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[]", b"7", b"null"])
def test_what_is_no_object_is_refused_with_the_topic(data: bytes):
    with pytest.raises(RecordError, match="commodity-prices: "):
        CommodityPrice.parse(data)


@pytest.mark.parametrize("price", [Decimal("NaN"), Decimal("1e10"), Decimal("0.00001")])
def test_a_record_that_readers_would_refuse_cannot_be_made(price: Decimal):
    with pytest.raises(ValidationError):
        CommodityPrice(symbol="WTI", price=price, currency="USD", traded_at=PRICE.traded_at)


def test_an_instant_of_another_zone_cannot_be_written():
    with pytest.raises(ValidationError, match="must be UTC"):
        CommodityPrice.model_validate(
            PRICE.model_dump() | {"traded_at": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))}
        )


def test_generated_lmps_add_up_and_follow_each_other():
    series = list(islice(generated_lmps("PJM", "A", seed=1), 50))
    assert all(one.lmp == one.energy + one.congestion + one.loss for one in series)
    assert all(b.interval_start - a.interval_start == INTERVAL for a, b in pairwise(series))
    assert series == list(islice(generated_lmps("PJM", "A", seed=1), 50))
    assert series != list(islice(generated_lmps("PJM", "B", seed=1), 50))
    assert isinstance(series[0], Lmp)
