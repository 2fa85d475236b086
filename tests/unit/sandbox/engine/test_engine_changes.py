from __future__ import annotations

from pulumi import ResourceOptions

from sandbox.engine.events import StepEnded, StepStarted
from sandbox.engine.values import PropertyMap
from tests.support.engine_harness import Group, Harness, Thing, fake_provider, urn


def declare(harness: Harness, things: dict[str, PropertyMap]) -> tuple[dict[str, int], dict[str, int]]:
    """Plan and apply plain things; both must succeed and agree."""

    def program() -> None:
        provider = fake_provider()
        for name, props in things.items():
            Thing(name, ResourceOptions(provider=provider), **props)

    planned, applied = harness.plan(program), harness.apply(program)
    assert planned.ok, planned.diagnostics
    assert applied.ok, applied.diagnostics
    assert planned.summary == applied.summary
    return planned.summary, {verb: harness.cloud.calls.count((verb, name)) for verb, name in harness.cloud.writes()}


def test_an_unchanged_thing_costs_no_call_at_all(harness: Harness) -> None:
    declare(harness, {"a": {"name": "a", "size": 1}})
    harness.cloud.calls.clear()

    summary, _ = declare(harness, {"a": {"name": "a", "size": 1}})

    assert harness.cloud.calls == []
    assert summary["same"] == 3
    assert sum(summary.values()) == 3


def test_a_changed_input_updates_in_place_and_the_new_outputs_reach_dependents(harness: Harness) -> None:
    def program(size: int) -> None:
        provider = fake_provider()
        first = Thing("first", ResourceOptions(provider=provider), name="first", size=size)
        Thing("second", ResourceOptions(provider=provider), name="second", label=first.computed)

    harness.apply(lambda: program(1))
    planned = harness.plan(lambda: program(2))
    applied = harness.apply(lambda: program(2))

    assert planned.summary == applied.summary
    assert applied.summary["update"] == 2
    assert harness.cloud.things["second"]["label"] == "computed-2"
    change = next(step for step in planned.steps if step.urn == urn("first")).changes
    assert change == [{"path": "size", "kind": "update", "old": 1, "new": 2}]


def test_a_planned_change_of_something_not_yet_known_is_shown_as_unknown(harness: Harness) -> None:
    def program(size: int) -> None:
        provider = fake_provider()
        first = Thing("first", ResourceOptions(provider=provider), name="first", size=size)
        Thing("second", ResourceOptions(provider=provider), name="second", label=first.computed)

    harness.apply(lambda: program(1))
    planned = harness.plan(lambda: program(2))

    step = next(step for step in planned.steps if step.urn == urn("second"))
    assert step.changes == [{"path": "label", "kind": "update", "old": "computed-1", "new": "[unknown]"}]


def test_a_replacement_under_one_name_deletes_first(harness: Harness) -> None:
    declare(harness, {"a": {"name": "a", "fixed": 1}})
    harness.cloud.calls.clear()

    summary, _ = declare(harness, {"a": {"name": "a", "fixed": 2}})

    assert summary["replace"] == 1
    assert harness.cloud.writes() == [("delete", "a"), ("create", "a")]
    assert harness.cloud.things == {"a": {"name": "a", "fixed": 2}}


def test_a_replacement_under_a_new_name_creates_first_and_deletes_the_old_one_at_the_end(harness: Harness) -> None:
    def program(name: str) -> None:
        provider = fake_provider()
        first = Thing("first", ResourceOptions(provider=provider), name=name)
        Thing("second", ResourceOptions(provider=provider), name="second", label=first.serial)

    harness.apply(lambda: program("old"))
    harness.cloud.calls.clear()
    planned = harness.plan(lambda: program("new"))
    applied = harness.apply(lambda: program("new"))

    assert applied.ok
    assert planned.summary == applied.summary
    assert applied.summary["replace"] == 1
    assert harness.cloud.writes() == [("create", "first"), ("update", "second"), ("delete", "first")]
    assert set(harness.cloud.things) == {"new", "second"}
    assert harness.state().condemned == {}


def test_a_replacement_takes_along_dependents_that_cannot_change_in_place_and_no_others(harness: Harness) -> None:
    def program(fixed: int) -> None:
        provider = fake_provider()
        base = Thing("base", ResourceOptions(provider=provider), name="base", fixed=fixed)
        rigid = Thing("rigid", ResourceOptions(provider=provider), name="rigid", fixed=base.serial)
        Thing("leaf", ResourceOptions(provider=provider), name="leaf", fixed=rigid.serial)
        Thing("supple", ResourceOptions(provider=provider), name="supple", label=base.serial)
        Thing("after", ResourceOptions(provider=provider, depends_on=[base]), name="after")

    harness.apply(lambda: program(1))
    harness.cloud.calls.clear()
    planned = harness.plan(lambda: program(2))
    applied = harness.apply(lambda: program(2))

    assert planned.summary == applied.summary
    assert (applied.summary["replace"], applied.summary["update"], applied.summary["delete"]) == (3, 1, 0)
    writes = harness.cloud.writes()
    assert writes[:3] == [("delete", "leaf"), ("delete", "rigid"), ("delete", "base")]
    assert ("update", "supple") in writes
    assert harness.cloud.verbs("after") == []
    reasons = {step.urn: step.reason for step in planned.steps}
    assert reasons[urn("leaf")] == "something it depends on is replaced"


def test_a_dependent_that_goes_along_and_is_no_longer_declared_counts_as_deleted(harness: Harness) -> None:
    def program(fixed: int) -> None:
        provider = fake_provider()
        base = Thing("base", ResourceOptions(provider=provider), name="base", fixed=fixed)
        if fixed == 1:
            Thing("rigid", ResourceOptions(provider=provider), name="rigid", fixed=base.serial)

    harness.apply(lambda: program(1))
    planned = harness.plan(lambda: program(2))
    applied = harness.apply(lambda: program(2))

    assert planned.summary == applied.summary
    assert applied.summary["delete"] == 1
    assert set(harness.cloud.things) == {"base"}


def test_a_cascade_finds_dependents_that_stand_before_what_they_depend_on_in_the_state(harness: Harness) -> None:
    def program(version: int) -> None:
        provider = fake_provider()
        if version == 1:
            for index in range(5):
                Thing(f"early-{index}", ResourceOptions(provider=provider), name=f"early-{index}")
        base = Thing("base", ResourceOptions(provider=provider), name="base", fixed=version // 3)
        # From version 2 on, the dependent is kept with a smaller place in the order than the base has in the state.
        fixed = base.serial if version > 1 else 0
        Thing("rigid", ResourceOptions(provider=provider), name="rigid", fixed=fixed)

    for version in (1, 2):
        assert harness.apply(lambda version=version: program(version)).ok
    harness.cloud.calls.clear()
    assert harness.apply(lambda: program(3)).ok

    assert harness.cloud.writes()[:2] == [("delete", "rigid"), ("delete", "base")]


def test_what_is_no_longer_declared_is_deleted_dependents_first(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        first = Thing("first", ResourceOptions(provider=provider), name="first")
        second = Thing("second", ResourceOptions(provider=provider), name="second", label=first.serial)
        Thing("third", ResourceOptions(provider=provider, depends_on=[second]), name="third")

    harness.apply(program)
    harness.cloud.calls.clear()
    planned = harness.plan(fake_provider)
    applied = harness.apply(fake_provider)

    assert planned.summary == applied.summary
    assert applied.summary["delete"] == 3
    assert harness.cloud.writes() == [("delete", "third"), ("delete", "second"), ("delete", "first")]
    assert [step.urn for step in planned.steps if step.op == "delete"] == [urn("third"), urn("second"), urn("first")]


def test_destroy_leaves_nothing(harness: Harness) -> None:
    declare(harness, {"a": {"name": "a"}, "b": {"name": "b"}})

    report = harness.destroy()

    assert report.ok
    assert report.summary["delete"] == 4
    assert harness.cloud.things == {}
    assert harness.state().resources == {}


def test_depends_on_orders_creation(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        late = [Thing("a", ResourceOptions(provider=provider), name="a")]
        Thing("b", ResourceOptions(provider=provider, depends_on=late), name="b")

    harness.apply(program)

    assert harness.cloud.writes() == [("create", "a"), ("create", "b")]


def test_check_failures_of_several_things_are_collected_in_one_plan(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        Thing("a", ResourceOptions(provider=provider), bad=1)
        Thing("b", ResourceOptions(provider=provider), bad=2)
        Thing("c", ResourceOptions(provider=provider))

    report = harness.plan(program)

    assert not report.ok
    messages = {item.message for item in report.diagnostics}
    assert messages == {f"{urn(name)}: bad: it may not be set; leave it out" for name in "ab"}
    assert harness.cloud.writes() == []


def test_a_change_of_outputs_only_reaches_the_state_though_no_resource_changes(harness: Harness) -> None:
    import pulumi

    def program(value: str) -> None:
        fake_provider()
        pulumi.export("note", value)

    harness.apply(lambda: program("one"))
    planned = harness.plan(lambda: program("two"))
    assert planned.changes == 0
    assert planned.ended is not None
    assert planned.ended.state_changed
    applied = harness.apply(lambda: program("two"))
    assert applied.ended is not None
    assert applied.ended.outputs == {"note": "two"}
    again = harness.plan(lambda: program("two"))
    assert again.ended is not None
    assert not again.ended.state_changed


def test_a_change_of_options_only_reaches_the_state_though_no_resource_changes(harness: Harness) -> None:
    def program(protect: bool) -> None:
        Thing("a", ResourceOptions(provider=fake_provider(), protect=protect), name="a")

    harness.apply(lambda: program(protect=False))
    planned = harness.plan(lambda: program(protect=True))
    assert planned.changes == 0
    assert planned.ended is not None
    assert planned.ended.state_changed
    harness.cloud.calls.clear()
    assert harness.apply(lambda: program(protect=True)).ok
    assert harness.cloud.calls == []
    assert harness.state().resources[urn("a")].protect


def test_whole_numbers_stay_whole(harness: Harness) -> None:
    declare(harness, {"a": {"name": "a", "size": 3, "share": 0.5, "whole": 4.0, "on": True, "list": [1, 2.5]}})

    made = harness.cloud.things["a"]
    assert made == {"name": "a", "size": 3, "share": 0.5, "whole": 4, "on": True, "list": [1, 2.5]}
    assert [type(made[key]) for key in ("size", "whole", "on")] == [int, int, bool]


def test_parents_and_names_make_urns_as_pulumi_does(harness: Harness) -> None:
    def program() -> None:
        outer = Group("outer")
        inner = Group("inner", ResourceOptions(parent=outer))
        Thing("leaf", ResourceOptions(parent=inner, provider=fake_provider()), name="leaf")

    harness.apply(program)

    assert set(harness.state().resources) == {
        "urn:pulumi:test::proj::pulumi:pulumi:Stack::proj-test",
        "urn:pulumi:test::proj::pulumi:providers:fake::cloud",
        "urn:pulumi:test::proj::test:index:Group::outer",
        "urn:pulumi:test::proj::test:index:Group$test:index:Group::inner",
        "urn:pulumi:test::proj::test:index:Group$test:index:Group$fake:index:Thing::leaf",
    }


def test_an_apply_tells_when_each_step_begins_and_ends(harness: Harness) -> None:
    declare(harness, {"a": {"name": "a"}})

    told = [event for event in harness.events if isinstance(event, StepStarted | StepEnded)]
    assert [(type(event), event.op, event.urn) for event in told] == [
        (StepStarted, "create", urn("a")),
        (StepEnded, "create", urn("a")),
    ]


def test_after_a_failure_an_apply_begins_nothing_more(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        first = Thing("first", ResourceOptions(provider=provider), name="first", bad=1)
        for index in range(5):
            Thing(f"later-{index}", ResourceOptions(provider=provider, depends_on=[first]), name=f"later-{index}")

    report = harness.apply(program)

    assert not report.ok
    assert len(report.diagnostics) == 1
    assert harness.cloud.writes() == []


def test_a_group_keeps_its_children_when_only_its_outputs_change(harness: Harness) -> None:
    def program(value: str) -> None:
        group = Group("g")
        Thing("a", ResourceOptions(parent=group, provider=fake_provider()), name="a")
        group.register_outputs({"value": value})

    harness.apply(lambda: program("one"))
    harness.cloud.calls.clear()
    assert harness.apply(lambda: program("two")).ok
    assert harness.cloud.calls == []
    assert harness.state().resources["urn:pulumi:test::proj::test:index:Group::g"].outputs == {"value": "two"}
