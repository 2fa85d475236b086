from __future__ import annotations

import pytest
from pulumi import ResourceOptions

from sandbox.engine.provider import ProviderError
from tests.support.engine_harness import Harness, Thing, fake_provider, urn


def test_a_failure_half_way_keeps_what_is_done_deletes_nothing_and_the_next_run_converges(harness: Harness) -> None:
    def program(extra: bool) -> None:
        provider = fake_provider()
        if not extra:
            Thing("old", ResourceOptions(provider=provider), name="old")
            return
        done = Thing("done", ResourceOptions(provider=provider), name="done")
        broken = Thing("broken", ResourceOptions(provider=provider, depends_on=[done]), name="broken")
        Thing("never", ResourceOptions(provider=provider, depends_on=[broken]), name="never")

    harness.apply(lambda: program(extra=False))

    def refuse(verb: str, name: str) -> None:
        if (verb, name) == ("create", "broken"):
            raise ProviderError("the service said no; ask for less")

    harness.cloud.fail = refuse
    failed = harness.apply(lambda: program(extra=True))

    assert not failed.ok
    assert failed.exit_code == 1
    assert [item.message for item in failed.diagnostics] == ["the service said no; ask for less"]
    assert set(harness.cloud.things) == {"old", "done"}
    assert harness.state().intents == {}
    harness.cloud.fail = lambda verb, name: None
    harness.cloud.calls.clear()
    assert harness.apply(lambda: program(extra=True)).ok
    assert set(harness.cloud.things) == {"done", "broken", "never"}
    assert harness.cloud.verbs("done") == []


def test_a_thing_that_is_not_ready_is_remembered_and_updated_by_the_next_run(harness: Harness) -> None:
    def program(ready: bool) -> None:
        Thing("a", ResourceOptions(provider=fake_provider()), name="a", ready=ready)

    failed = harness.apply(lambda: program(ready=False))

    assert not failed.ok
    assert "a is not ready" in failed.diagnostics[0].message
    planned = harness.plan(lambda: program(ready=False))
    assert planned.summary["update"] == 1
    assert planned.steps[-1].reason == "a is not ready"
    assert harness.apply(lambda: program(ready=True)).ok
    assert harness.cloud.writes() == [("create", "a"), ("update", "a")]
    assert harness.state().resources[urn("a")].errors == ()


def test_a_replacement_that_is_not_ready_does_not_lose_the_old_one(harness: Harness) -> None:
    def program(name: str, ready: bool) -> None:
        Thing("a", ResourceOptions(provider=fake_provider()), name=name, ready=ready)

    harness.apply(lambda: program("old", ready=True))
    assert not harness.apply(lambda: program("new", ready=False)).ok
    assert set(harness.cloud.things) == {"old", "new"}
    planned = harness.plan(lambda: program("new", ready=True))
    applied = harness.apply(lambda: program("new", ready=True))

    assert applied.ok
    assert planned.summary == applied.summary
    assert applied.summary["delete"] == 1
    assert set(harness.cloud.things) == {"new"}
    assert harness.plan(lambda: program("new", ready=True)).changes == 0


@pytest.mark.parametrize("took_effect", [False, True])
def test_after_a_failed_update_the_next_run_looks_what_is_there(harness: Harness, took_effect: bool) -> None:
    def program(size: int) -> None:
        Thing("a", ResourceOptions(provider=fake_provider()), name="a", size=size)

    harness.apply(lambda: program(1))

    def refuse(verb: str, name: str) -> None:
        if verb == ("updated" if took_effect else "update"):
            raise ProviderError("time-out")

    harness.cloud.fail = refuse
    assert not harness.apply(lambda: program(2)).ok
    harness.cloud.fail = lambda verb, name: None
    planned = harness.plan(lambda: program(1))
    assert planned.summary["update"] == 1
    assert harness.apply(lambda: program(1)).ok
    assert harness.cloud.things["a"]["size"] == 1
    assert harness.plan(lambda: program(1)).changes == 0


def test_a_deletion_that_fails_leaves_what_it_waits_for_and_is_repeated(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        first = Thing("first", ResourceOptions(provider=provider), name="first")
        Thing("second", ResourceOptions(provider=provider), name="second", label=first.serial)

    harness.apply(program)

    def refuse(verb: str, name: str) -> None:
        if (verb, name) == ("delete", "second"):
            raise ProviderError("held by somebody")

    harness.cloud.fail = refuse
    failed = harness.destroy()
    assert not failed.ok
    assert failed.failures[0].error == "held by somebody"
    assert set(harness.cloud.things) == {"first", "second"}
    harness.cloud.fail = lambda verb, name: None
    assert harness.destroy().ok
    assert harness.cloud.things == {}
