from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pulumi import ROOT_STACK_RESOURCE, Alias, ResourceOptions

from tests.support.engine_harness import Group, Harness, Thing, fake_provider

pytestmark = pytest.mark.integration

LINKS = ("none", "label", "fixed", "depends_on")


@dataclass(frozen=True)
class Plan:
    """One thing of a random program.

    Attributes:
        number: which thing it is.
        size: a property that changes in place.
        fixed: a property that does not.
        named: it has a name, so that a replacement deletes first.
        link: how it depends on `target`.
        target: the number of a thing before it, if that one is declared.
        grouped: it has a parent.
    """

    number: int
    size: int
    fixed: int
    named: bool
    link: str
    target: int
    grouped: bool


@st.composite
def plans(draw: st.DrawFn, number: int) -> Plan:
    return Plan(
        number,
        draw(st.integers(0, 2)),
        draw(st.integers(0, 1)),
        draw(st.booleans()),
        draw(st.sampled_from(LINKS)) if number else "none",
        draw(st.integers(0, max(0, number - 1))),
        draw(st.booleans()),
    )


def versions() -> st.SearchStrategy[list[list[Plan]]]:
    one = st.sets(st.integers(0, 6), max_size=7).flatmap(
        lambda numbers: st.tuples(*(plans(number) for number in sorted(numbers))).map(list)
    )
    return st.lists(one, min_size=3, max_size=4)


def program(declared: list[Plan]) -> Callable[[], None]:
    def declare() -> None:
        provider = fake_provider()
        group = Group("group")
        made: dict[int, Thing] = {}
        for plan in declared:
            target = made.get(plan.target)
            props: dict[str, object] = {"size": plan.size, "fixed": plan.fixed}
            if plan.named:
                props["name"] = f"t{plan.number}"
            if target is not None and plan.link in {"label", "fixed"}:
                props[plan.link] = target.serial
            options = ResourceOptions(
                provider=provider,
                parent=group if plan.grouped else None,
                depends_on=[target] if target is not None and plan.link == "depends_on" else [],
                aliases=[Alias(parent=ROOT_STACK_RESOURCE if plan.grouped else group)],
            )
            made[plan.number] = Thing(f"t{plan.number}", options, **props)

    return declare


def check(evolution: list[list[Plan]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(Path(folder))
        for declared in evolution:
            declare = program(declared)
            planned, applied = harness.plan(declare), harness.apply(declare)
            assert planned.ok, planned.diagnostics
            assert applied.ok, applied.diagnostics
            assert planned.summary == applied.summary
            again = harness.plan(declare)
            assert again.changes == 0
            assert again.ended is not None
            assert not again.ended.state_changed
            numbers = sorted(id.split("-")[0] for id in harness.cloud.things)
            assert numbers == [f"t{plan.number}" for plan in declared]
            ids = {record.id for record in harness.state().resources.values() if "Thing" in record.type}
            assert ids == set(harness.cloud.things)
        assert harness.destroy().ok
        assert harness.cloud.things == {}


@settings(max_examples=4, deadline=None, derandomize=True, phases=[Phase.generate])
@given(versions())
def test_what_a_plan_lists_is_what_the_apply_does_and_then_nothing_is_left_to_do(evolution: list[list[Plan]]) -> None:
    check(evolution)


@pytest.mark.soak
@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(versions())
def test_many_random_programs_are_planned_applied_and_taken_down(evolution: list[list[Plan]]) -> None:
    check(evolution)
