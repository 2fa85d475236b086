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
