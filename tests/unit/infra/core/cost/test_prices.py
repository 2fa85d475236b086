import copy
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.core.catalog.prices import CPU, MEMORY, NEEDED, PriceCatalog
from infra.core.errors import ConfigurationError
from infra.core.quantity import gibibytes
from infra.core.validation import validate
from infra.stacks.files import ROOT, read_catalog

WRITTEN = yaml.safe_load((ROOT / "infra/catalog/prices.yaml").read_text())
PRICES = read_catalog().prices


def refusal(change: Callable[[dict], object]) -> str:
    """What the catalog says after ``change`` of the price table."""
    document = copy.deepcopy(WRITTEN)
    change(document)
    with pytest.raises(ConfigurationError) as caught:
        validate(PriceCatalog, document, file="infra/catalog/prices.yaml")
    assert all(problem.file == "infra/catalog/prices.yaml" for problem in caught.value.problems)
    return str(caught.value)


def test_every_price_says_where_and_when_it_was_read_and_why_it_is_not_verified():
    for row in PRICES.prices.values():
        assert row.source.startswith(("https://", "github.com/aws/"))
        assert row.read.year >= 2026
        assert row.verified == (row.reason is None)


def test_a_verified_price_was_read_at_aws():
    for row in PRICES.prices.values():
        if row.verified:
            assert row.source.startswith(("https://aws.amazon.com/", "https://docs.aws.amazon.com/", "github.com/aws/"))


def test_a_full_node_costs_exactly_what_the_node_costs():
    node = PRICES.node
    parts = node.cores * PRICES.usd(CPU) + Fraction(node.memory, gibibytes(1)) * PRICES.usd(MEMORY)
    assert parts == Fraction(PRICES.prices[node.price].usd)


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 192),
    st.integers(1, 3072),
    st.decimals(min_value=Decimal("0.001"), max_value=Decimal(100), places=4),
)
def test_whatever_the_node_its_parts_add_up_and_keep_the_ratio(cores: int, gib: int, usd: Decimal):
    row = PRICES.prices["node"].model_copy(update={"usd": usd})
    node = PRICES.node.model_copy(update={"cores": cores, "memory": gibibytes(gib)})
    table: PriceCatalog = PRICES.model_copy(update={"prices": {**PRICES.prices, "node": row}, "node": node})
    assert cores * table.usd(CPU) + gib * table.usd(MEMORY) == Fraction(usd)
    assert table.usd(CPU) / table.usd(MEMORY) == Fraction(table.split.cpu_hour) / Fraction(table.split.memory_gib_hour)


def test_a_thing_without_a_price_is_an_error_and_not_free():
    with pytest.raises(KeyError):
        PRICES.usd("gold")


def test_a_price_that_is_not_verified_must_say_why():
    text = refusal(lambda d: d["prices"]["secret"].pop("reason"))
    assert "prices.secret" in text
    assert "must have a reason" in text


def test_a_verified_price_has_no_excuse():
    assert "must have a reason" in refusal(lambda d: d["prices"]["node"].update(reason="read in a hurry"))


@pytest.mark.parametrize("row", sorted(NEEDED))
def test_a_row_that_the_estimate_needs_is_asked_for_by_name(row: str):
    assert f"prices must have {row} per {NEEDED[row]}" in refusal(lambda d: d["prices"].pop(row))


def test_a_row_in_another_unit_is_refused():
    assert "prices must have kms-key per month" in refusal(lambda d: d["prices"]["kms-key"].update(unit="hour"))


def test_the_node_must_have_a_price_per_hour():
    assert "node.price must be a row of prices: nod is none" in refusal(lambda d: d["node"].update(price="nod"))
    assert "node.price must be a price per hour" in refusal(lambda d: d["node"].update(price="ebs-gp3"))


def test_the_two_derived_prices_are_not_written_by_hand():
    def add(document: dict) -> None:
        document["prices"]["node-cpu"] = document["prices"]["node"]

    assert "prices must not have node-cpu" in refusal(add)


@pytest.mark.parametrize(
    ("field", "value"), [("usd", -1), ("usd", "free"), ("unit", "year"), ("region", "Virginia"), ("read", "yesterday")]
)
def test_a_row_that_makes_no_sense_is_refused_by_its_field(field: str, value: object):
    assert f"prices.secret.{field}" in refusal(lambda d: d["prices"]["secret"].update({field: value}))


def test_a_misspelt_environment_of_an_assumption_is_refused():
    assert "filling.lakehouseGibADay" in refusal(lambda d: d["filling"]["lakehouseGibADay"].update(production=3))
