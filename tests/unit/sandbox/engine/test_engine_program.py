from __future__ import annotations

import sys

import pulumi
import pytest
from pulumi import ResourceOptions

from sandbox.engine.session import Mode
from tests.support.engine_harness import Group, Harness, Thing, fake_provider

BOTH = pytest.mark.parametrize("mode", ["plan", "apply"])


def with_one_thing_before() -> None:
    Thing("a", ResourceOptions(provider=fake_provider()), name="a")


@BOTH
def test_an_error_of_the_program_is_shown_with_its_place_and_deletes_nothing(harness: Harness, mode: Mode) -> None:
    harness.apply(with_one_thing_before)

    def program() -> None:
        raise ValueError("the catalog is empty")

    report = harness.run(mode, program)

    assert report.exit_code == 1
    [told] = report.diagnostics
    assert told.severity == "error"
    assert "ValueError: the catalog is empty" in told.message
    assert "test_engine_program.py" in told.message
    assert set(harness.cloud.things) == {"a"}


@BOTH
def test_a_run_error_is_shown_without_a_traceback(harness: Harness, mode: Mode) -> None:
    def program() -> None:
        raise pulumi.RunError("Pulumi.prod.yaml: kafka.brokers is 1; at least 3")

    report = harness.run(mode, program)

    assert [item.message for item in report.diagnostics] == ["Pulumi.prod.yaml: kafka.brokers is 1; at least 3"]
    assert report.exit_code == 1


@BOTH
def test_an_error_inside_an_output_is_shown(harness: Harness, mode: Mode) -> None:
    def program() -> None:
        pulumi.export("x", pulumi.Output.from_input(1).apply(lambda value: value / 0))

    report = harness.run(mode, program)

    assert not report.ok
    assert "ZeroDivisionError" in report.diagnostics[0].message


@pytest.mark.parametrize("status", [0, 3, "no reason", None])
def test_a_program_that_exits_by_itself_has_failed_and_deletes_nothing(harness: Harness, status: object) -> None:
    harness.apply(with_one_thing_before)

    report = harness.apply(lambda: sys.exit(status))  # type: ignore[arg-type]

    assert not report.ok
    assert report.diagnostics[0].message.startswith(f"the program called sys.exit({status!r})")
    assert set(harness.cloud.things) == {"a"}


def test_a_plan_goes_on_after_a_failed_group_and_its_children(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        for _ in range(2):
            group = Group("same")
            group.register_outputs({"value": 1})
        Thing("bad", ResourceOptions(provider=provider, parent=group), bad=1)

    report = harness.plan(program)

    assert not report.ok
    messages = " ".join(item.message for item in report.diagnostics)
    assert "declared twice" in messages
    assert "it may not be set" in messages
    assert len(report.diagnostics) == 2


def test_outputs_of_what_could_not_be_planned_are_unknown_to_the_rest(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        bad = Thing("bad", ResourceOptions(provider=provider), bad=1)
        Thing("next", ResourceOptions(provider=provider), name="next", label=bad.computed)

    report = harness.plan(program)

    assert [step.op for step in report.steps if step.urn.endswith("::next")] == ["create"]
    assert len(report.diagnostics) == 1


def test_what_the_program_can_know_of_its_run(harness: Harness) -> None:
    seen: list[tuple[str, str, bool]] = []

    def program() -> None:
        seen.append((pulumi.get_project(), pulumi.get_stack(), pulumi.runtime.is_dry_run()))

    harness.plan(program)
    harness.apply(program)

    assert seen == [("proj", "test", True), ("proj", "test", False)]


def test_apply_callbacks_run_on_known_values_only(harness: Harness) -> None:
    seen: list[str] = []

    def program() -> None:
        first = Thing("a", ResourceOptions(provider=fake_provider()), name="a", size=2)
        first.computed.apply(seen.append)

    harness.plan(program)
    assert seen == []
    harness.apply(program)
    assert seen == ["computed-2"]
