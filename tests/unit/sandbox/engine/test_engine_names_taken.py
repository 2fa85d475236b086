from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pulumi
import pytest

from sandbox.engine.provider import Created, Target
from sandbox.engine.state.crypto import SecretBox
from sandbox.engine.state.record import Intent
from sandbox.engine.state.store import StateStore
from sandbox.engine.values import PropertyMap
from tests.support.engine_harness import FakeProvider, Harness, Thing, fake_provider, urn


class NamingProvider(FakeProvider):
    """Finds what a create left by its name, as the provider of Kubernetes does."""

    def recover(self, target: Target, inputs: PropertyMap, nonce: str) -> Created | None:
        self._cloud.call("recover", target.name)
        id = inputs["name"]
        return Created(id, self._seen(id)) if id in self._cloud.things else None


class NamingHarness(Harness):
    def _factory(self, package: str, inputs: PropertyMap) -> FakeProvider:
        return NamingProvider(self.cloud)


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    return NamingHarness(tmp_path)


def old() -> None:
    Thing("old", pulumi.ResourceOptions(provider=fake_provider()), name="one")


def new() -> None:
    Thing("new", pulumi.ResourceOptions(provider=fake_provider()), name="one")


def new_with_an_alias() -> None:
    Thing("new", pulumi.ResourceOptions(provider=fake_provider(), aliases=[pulumi.Alias(name="old")]), name="one")


def test_a_renamed_resource_neither_takes_over_what_its_old_name_has_nor_has_it_deleted(harness: Harness) -> None:
    assert harness.apply(old).ok

    report = harness.apply(new)

    assert not report.ok
    assert "one exists already" in report.diagnostics[0].message
    assert set(harness.cloud.things) == {"one"}
    assert urn("old") in harness.state().resources
    assert urn("new") not in harness.state().resources
    assert not harness.state().intents
    assert harness.apply(old).changes == 0
    assert harness.apply(new_with_an_alias).ok
    assert urn("new") in harness.state().resources
    assert set(harness.cloud.things) == {"one"}


def test_a_create_that_was_killed_before_its_refusal_does_not_adopt_what_another_resource_has(
    harness: Harness,
) -> None:
    assert harness.apply(old).ok
    never_made = replace(harness.state().resources[urn("old")], urn=urn("new"), id="")
    with closing(StateStore(harness.state_path, SecretBox.open(harness.state_path.with_suffix(".key")))) as store:
        store.begin(Intent(never_made.urn, "create", "nonce", never_made))

    assert harness.apply(old).ok

    assert urn("new") not in harness.state().resources
    assert set(harness.cloud.things) == {"one"}
    assert not harness.state().intents
