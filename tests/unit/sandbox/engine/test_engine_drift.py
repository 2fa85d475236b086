from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi import ResourceOptions

from sandbox.engine.provider import ProviderError
from tests.support.engine_harness import Harness, Thing, fake_provider, urn

NAMES = ("changed", "deleted", "foreign", "steady")


def program() -> None:
    provider = fake_provider()
    for name in NAMES:
        Thing(name, ResourceOptions(provider=provider), name=name, size=1)


@pytest.fixture
def drifted(harness: Harness) -> Harness:
    harness.apply(program)
    harness.cloud.things["changed"] = {"name": "changed", "size": 9}
    harness.cloud.things["foreign"]["foreign-label"] = "mine"
    del harness.cloud.things["deleted"]
    harness.cloud.calls.clear()
    return harness


def test_without_a_refresh_nothing_is_read(drifted: Harness) -> None:
    assert drifted.plan(program).changes == 0
    assert drifted.cloud.calls == []


def test_a_plan_with_refresh_finds_exactly_what_was_changed_by_hand_and_writes_no_state(drifted: Harness) -> None:
    before = drifted.state()

    report = drifted.plan(program, refresh=True)

    assert {step.urn: step.op for step in report.steps if step.op != "same"} == {
        urn("changed"): "update",
        urn("deleted"): "create",
        urn("foreign"): "update",
    }
    told = {item.urn: item.message for item in report.diagnostics}
    assert told == {
        urn("changed"): "changed outside this program: size",
        urn("deleted"): "it no longer exists",
        urn("foreign"): "changed outside this program: foreign-label",
    }
    assert drifted.state() == before
    assert drifted.cloud.writes() == []


def test_an_apply_with_refresh_repairs_exactly_those(drifted: Harness) -> None:
    planned, applied = drifted.plan(program, refresh=True), drifted.apply(program, refresh=True)

    assert applied.ok
    assert planned.summary == applied.summary
    assert sorted(drifted.cloud.writes()) == [("create", "deleted"), ("update", "changed"), ("update", "foreign")]
    assert drifted.cloud.things == {name: {"name": name, "size": 1} for name in NAMES}
    assert drifted.plan(program, refresh=True).changes == 0


def test_only_a_refresh_asks_providers_to_repair_what_others_added(
    drifted: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.engine_harness import FakeProvider

    repair: list[bool] = []
    real = FakeProvider.update

    def spy(*given: Any) -> object:
        repair.append(given[-1].repair)
        return real(*given)

    monkeypatch.setattr(FakeProvider, "update", spy)
    drifted.apply(program, refresh=True)
    drifted.apply(lambda: Thing("steady", ResourceOptions(provider=fake_provider()), name="steady", size=2) and None)

    assert repair == [True, True, False]


def test_a_refresh_that_cannot_ask_changes_nothing(drifted: Harness) -> None:
    before = drifted.state()

    def refuse(verb: str, name: str) -> None:
        raise ProviderError("the API server does not answer")

    drifted.cloud.fail = refuse
    with pytest.raises(ProviderError, match="does not answer"):
        drifted.plan(program, refresh=True)
    assert drifted.state() == before


def aws_program() -> None:
    provider = fake_provider()
    Thing("kept", ResourceOptions(provider=provider), name="kept")

    class Aws(pulumi.CustomResource):
        def __init__(self) -> None:
            options = ResourceOptions(provider=pulumi.ProviderResource("aws", "aws", {}))
            super().__init__("aws:index:Thing", "bucket", {"name": "bucket"}, options)

    Aws()


def test_a_new_boot_of_the_aws_api_reads_only_aws_resources_again(harness: Harness) -> None:
    harness.boot_ids = {"moto": "one"}
    harness.apply(aws_program)
    del harness.cloud.things["bucket"]
    del harness.cloud.things["kept"]
    harness.cloud.calls.clear()
    assert harness.plan(aws_program).changes == 0
    harness.boot_ids = {"moto": "two"}

    planned, applied = harness.plan(aws_program), harness.apply(aws_program)

    assert planned.summary == applied.summary
    assert applied.summary["create"] == 1
    assert ("read", "kept") not in harness.cloud.calls
    assert set(harness.cloud.things) == {"bucket"}
    harness.cloud.calls.clear()
    assert harness.plan(aws_program).changes == 0
    assert harness.cloud.calls == []


def test_an_apply_that_fails_remembers_the_boot_it_saw(harness: Harness) -> None:
    harness.boot_ids = {"moto": "one"}
    harness.apply(lambda: Thing("bad", ResourceOptions(provider=fake_provider()), bad=1) and None)

    assert harness.state().meta["boot_ids"] == {"moto": "one"}
