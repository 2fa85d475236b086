from __future__ import annotations

import threading

import pytest
from pulumi import ResourceOptions

from sandbox.engine.events import Event, StepEnded
from sandbox.engine.provider import Created, Operation, PartialFailureError, ProviderError, Target
from sandbox.engine.values import PropertyMap
from tests.support.engine_harness import Box, Harness, Thing, fake_provider, urn

pytestmark = pytest.mark.integration

PATIENCE = 60.0
"""Seconds after which a test gives up; nothing here waits for a time to pass."""


def test_two_hundred_unready_things_do_not_hold_up_an_unrelated_one(harness: Harness) -> None:
    unrelated = threading.Event()

    def wait_for_the_last(verb: str, name: str) -> None:
        if verb == "created" and name.startswith("unready") and not unrelated.wait(PATIENCE):
            raise ProviderError("the unrelated thing was not created while this one waited")

    def listen(event: Event) -> None:
        if isinstance(event, StepEnded) and event.urn == urn("unrelated", "fake:index:Box"):
            unrelated.set()

    def program() -> None:
        provider = fake_provider()
        for index in range(200):
            Thing(f"unready-{index}", ResourceOptions(provider=provider), name=f"unready-{index}")
        Box("unrelated", ResourceOptions(provider=provider), name="unrelated")

    harness.cloud.fail = wait_for_the_last
    report = harness.run("apply", program, listen=listen)

    assert report.ok, report.diagnostics[:1]
    assert len(harness.cloud.things) == 201


def test_a_failure_ends_the_waiting_of_what_is_under_way_and_its_result_is_kept(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.engine_harness import FakeProvider

    waiting = threading.Event()
    real = FakeProvider.create

    def create(self: FakeProvider, target: Target, inputs: PropertyMap, operation: Operation) -> Created:
        made = real(self, target, inputs, operation)
        if target.name == "slow":
            waiting.set()
            if not operation.cancelled.wait(PATIENCE):
                raise ProviderError("nobody told it to stop")
            raise PartialFailureError("slow is not ready: the run stopped", id=made.id, outputs=made.outputs)
        assert waiting.wait(PATIENCE)
        raise ProviderError("no")

    def program() -> None:
        provider = fake_provider()
        Thing("slow", ResourceOptions(provider=provider), name="slow")
        Thing("bad", ResourceOptions(provider=provider), name="bad")

    monkeypatch.setattr(FakeProvider, "create", create)
    report = harness.apply(program)

    assert not report.ok
    assert {failure.urn for failure in report.failures} == {urn("slow"), urn("bad")}
    assert harness.state().resources[urn("slow")].errors == ("slow is not ready: the run stopped",)


def test_independent_things_are_created_and_deleted_at_once(harness: Harness) -> None:
    barrier = threading.Barrier(8)

    def meet(verb: str, name: str) -> None:
        if verb in {"created", "deleted"}:
            barrier.wait(PATIENCE)

    def program() -> None:
        provider = fake_provider()
        for index in range(8):
            Thing(f"t{index}", ResourceOptions(provider=provider), name=f"t{index}")

    harness.cloud.fail = meet
    assert harness.apply(program).ok
    assert harness.destroy().ok
