"""Where the price path may keep its data, as the configuration says it."""

from typing import Any

import pytest

from infra.config import load_stack_config
from infra.core.errors import ConfigurationError
from tests.support.pulumi_mocks import configuration

STORE = {"cpu": "100m", "memory": "256Mi", "storage": "1Gi"}
FEED = {"replicas": 1, "cpu": "100m", "memory": "256Mi"}


def applications(stack: str, **changes: Any) -> dict[str, Any]:
    return {"applications": {**configuration(stack)["applications"], **changes}}


def refusal(stack: str, **overrides: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_stack_config(configuration(stack, **overrides), stack)
    return str(caught.value)


@pytest.mark.parametrize(("field", "section"), [("redis", "cache"), ("postgresql", "database")])
def test_a_store_that_is_neither_given_nor_aws_s_is_refused_by_name(field: str, section: str):
    missing = refusal("local", **applications("local", **{field: None}))
    assert f"Pulumi.local.yaml: applications.{field} is null: required without a section {section}" in missing
    assert f"Give its size, or add {section}" in missing
    assert f"applications.{field} is null: required without" in refusal("prod", **{section: None})


@pytest.mark.parametrize(("field", "section"), [("redis", "cache"), ("postgresql", "database")])
def test_a_store_that_is_there_twice_is_refused_by_name(field: str, section: str):
    message = refusal("prod", **applications("prod", **{field: STORE}))
    assert f"Pulumi.prod.yaml: applications.{field} is given: must be null with a section {section}" in message
    assert f"Remove it, or remove {section}" in message


def test_aws_runs_no_store_for_a_cluster_that_is_not_the_programs():
    existing = {"kind": "kubeconfig", "context": "ours"}
    message = refusal("prod", cluster=existing)
    assert "applications.redis is null: required where cluster.kind is kubeconfig" in message
    assert "applications.postgresql is null: required where cluster.kind is kubeconfig" in message
    own = applications("prod", redis=STORE, postgresql=STORE)
    assert load_stack_config(configuration("prod", cluster=existing, **own), "prod").applications


@pytest.mark.parametrize("changes", [{"priceRate": 2}, {"priceFeed": FEED}])
def test_a_rate_without_a_feed_and_a_feed_without_a_rate_are_refused(changes: dict[str, Any]):
    message = refusal("prod", **applications("prod", **changes))
    assert "Pulumi.prod.yaml: applications" in message
    assert "priceRate and priceFeed belong together" in message


def test_production_replays_no_prices_and_dev_does():
    prod, dev = (load_stack_config(configuration(stack), stack).applications for stack in ("prod", "dev"))
    assert prod
    assert dev
    assert (prod.price_feed, prod.price_rate) == (None, None)
    assert dev.price_rate == 2
