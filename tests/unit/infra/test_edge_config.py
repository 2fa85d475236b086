"""What the configuration of the edge on the internet must look like."""

from typing import Any

import pytest

from infra.config import load_stack_config
from infra.core.errors import ConfigurationError
from tests.support.pulumi_mocks import configuration


def refusal(stack: str = "prod", **overrides: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_stack_config(configuration(stack, **overrides), stack)
    return str(caught.value)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("domain", "https://data.example.com", "edge.domain"),
        ("domain", "localhost", "edge.domain"),
        ("domain", f"{'a' * 60}.example.com", "edge.domain"),
        ("zoneId", "/hostedzone/Z1", "edge.zoneId"),
        ("priceClass", "PriceClass_1", "edge.priceClass"),
        ("originTarget", "10.0.0.1", "edge.originTarget"),
        ("requestsPerAddress", 5, "edge.requestsPerAddress is 5: must be at least 10"),
        ("colour", "blue", "unknown key"),
    ],
)
def test_a_field_of_the_edge_that_cannot_be_is_refused_by_name(field: str, value: Any, words: str):
    assert words in refusal(edge=configuration("prod")["edge"] | {field: value})


def test_local_has_no_edge_and_others_may_do_without():
    edge = configuration("prod")["edge"]
    assert "edge is a section: must be null in local" in refusal("local", edge=edge)
    assert load_stack_config(configuration("prod", edge=None), "prod").edge is None


@pytest.mark.parametrize(
    ("emails", "words"),
    [
        ([], "watch.emails is []: must have at least 1"),
        (["nobody"], "watch.emails.0"),
        (["a@example.com", "a@example.com"], "watch.emails is a@example.com: must name each address once"),
        ([f"a{n}@example.com" for n in range(11)], "must have at most 10"),
    ],
)
def test_addresses_that_aws_would_not_take_are_refused(emails: list[str], words: str):
    assert words in refusal(watch={"emails": emails, "trail": True})


def test_somebody_is_told_in_prod_and_nobody_in_local():
    assert "watch is null: required in prod" in refusal(watch=None)
    assert "watch is a section: must be null in local" in refusal(
        "local", watch={"emails": ["a@example.com"], "trail": False}
    )
    assert load_stack_config(configuration("dev", watch=None), "dev").watch is None
