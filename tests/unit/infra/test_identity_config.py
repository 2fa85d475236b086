"""The identity provider in the configuration: its keys are keys, and whoever comes from outside is known."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from infra.config import load_stack_config
from infra.config.identity import IdentityConfig
from infra.core.errors import ConfigurationError
from infra.stacks.files import ROOT

PROD = {
    key.removeprefix("analytics-platform:"): value
    for key, value in yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"].items()
    if key.startswith("analytics-platform:")
}
KEY = PROD["identity"]["keys"]["example-2026"]["publicKey"]


def identity(**changes: Any) -> IdentityConfig:
    keys = {"one": {"algorithm": "RS256", "publicKey": KEY}}
    return IdentityConfig(**{"issuer": "https://login.example.com", "audience": "platform", "keys": keys, **changes})


def test_two_keys_may_overlap_while_one_takes_the_others_place():
    keys = {name: {"algorithm": "RS256", "publicKey": KEY} for name in ("old", "new")}
    assert set(identity(keys=keys).keys) == {"old", "new"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": "http://login.example.com"}, "issuer"),
        ({"keys": {}}, "at least 1"),
        ({"keys": {"-one": {"algorithm": "RS256", "publicKey": KEY}}}, "keys"),
        ({"keys": {"one": {"algorithm": "HS256", "publicKey": KEY}}}, "algorithm"),
        ({"keys": {"one": {"algorithm": "RS256", "publicKey": "secret"}}}, "must be a public key as PEM"),
        ({"keys": {"one": {"algorithm": "RS256", "publicKey": KEY.replace("MII", "TII")}}}, "must be a public key"),
        (
            {
                "keys": {
                    "one": {"algorithm": "RS256", "publicKey": "\n".join([*KEY.split("\n")[:3], KEY.split("\n")[-2]])}
                }
            },
            "2048 bits or more",
        ),
        ({"people": {}}, "clientId"),
        ({"people": {"clientId": "a b"}}, "clientId"),
        ({"people": {"clientId": "cluster", "groupsClaim": "my groups"}}, "groupsClaim"),
        ({"colour": "blue"}, "Extra inputs are not permitted"),
    ],
)
def test_what_no_provider_signs_with_is_refused(changes: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        identity(**changes)


def test_people_are_named_by_their_mail_and_their_groups_unless_somebody_says_otherwise():
    people = identity(people={"clientId": "cluster"}).people
    assert people is not None
    assert (people.username_claim, people.groups_claim) == ("email", "groups")
    assert identity().people is None


def test_an_edge_without_an_identity_provider_is_refused():
    with pytest.raises(ConfigurationError, match="whoever comes from the internet must be known"):
        load_stack_config({**PROD, "identity": None}, "prod")


def test_two_keys_that_differ_by_capitals_only_are_refused():
    keys = {name: {"algorithm": "RS256", "publicKey": KEY} for name in ("key", "KEY")}
    with pytest.raises(ConfigurationError, match="by more than capitals"):
        load_stack_config({**PROD, "identity": {**PROD["identity"], "keys": keys}}, "prod")
