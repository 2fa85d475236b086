from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi import ResourceOptions

from sandbox.engine.provider import ProviderError
from tests.support.engine_harness import Group, Harness, Thing, fake_provider, urn


def thing(name: str = "a", /, **given: object) -> Callable[..., None]:
    """A program of one thing, with options by name and inputs by call."""

    def program(**props: object) -> None:
        Thing(name, ResourceOptions(provider=fake_provider(), **given), **props)  # type: ignore[arg-type]

    return program


def test_a_protected_thing_is_neither_deleted_nor_replaced_and_the_plan_says_so(harness: Harness) -> None:
    program = thing(protect=True)
    harness.apply(lambda: program(name="a", fixed=1))

    for step in (lambda: program(name="a", fixed=2), lambda: None):
        for run in (harness.plan, harness.apply):
            report = run(step)
            assert not report.ok
            [told] = [item for item in report.diagnostics if item.severity == "error"]
            assert "protect" in told.message
            assert told.urn == urn("a")
    destroyed = harness.destroy()
    assert not destroyed.ok
    assert destroyed.diagnostics[0].urn == urn("a")
    assert harness.cloud.writes() == [("create", "a")]


def test_a_protected_dependent_is_not_taken_along_by_a_replacement(harness: Harness) -> None:
    def program(fixed: int) -> None:
        provider = fake_provider()
        base = Thing("base", ResourceOptions(provider=provider), name="base", fixed=fixed)
        Thing("leaf", ResourceOptions(provider=provider, protect=True), name="leaf", fixed=base.serial)

    harness.apply(lambda: program(1))
    report = harness.plan(lambda: program(2))

    assert not report.ok
    assert f"{urn('leaf')} is protected and would be replaced along with {urn('base')}" in report.diagnostics[0].message


def test_a_retained_thing_is_forgotten_and_stays(harness: Harness) -> None:
    program = thing(retain_on_delete=True)
    harness.apply(lambda: program(name="a"))

    report = harness.apply(fake_provider)

    assert report.summary["delete"] == 1
    assert harness.cloud.things == {"a": {"name": "a"}}
    assert urn("a") not in harness.state().resources


def test_a_retained_thing_that_is_replaced_stays_and_the_new_one_is_kept_in_the_state(harness: Harness) -> None:
    program = thing(retain_on_delete=True)
    harness.apply(lambda: program(name="old"))

    assert harness.apply(lambda: program(name="new")).ok

    assert set(harness.cloud.things) == {"old", "new"}
    assert harness.state().resources[urn("a")].id == "new"
    assert harness.state().condemned == {}
    assert harness.plan(lambda: program(name="new")).changes == 0


def test_a_retained_thing_that_is_renamed_and_replaced_delete_first_leaves_no_second_entry(harness: Harness) -> None:
    def program(called: str, **given: object) -> None:
        options = ResourceOptions(
            provider=fake_provider(),
            retain_on_delete=True,
            delete_before_replace=True,
            aliases=[pulumi.Alias(name="a")],
        )
        Thing(called, options, **given)

    harness.apply(lambda: program("a", name="old"))
    assert harness.apply(lambda: program("b", name="new")).ok

    assert set(harness.cloud.things) == {"old", "new"}
    assert harness.plan(lambda: program("b", name="new")).changes == 0


def test_what_is_deleted_with_something_costs_no_call_of_its_own(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        house = Thing("house", ResourceOptions(provider=provider), name="house")
        room = Thing("room", ResourceOptions(provider=provider, deleted_with=house), name="room", label=house.serial)
        Thing("lamp", ResourceOptions(provider=provider), name="lamp", label=room.serial)

    harness.apply(program)
    harness.cloud.calls.clear()
    report = harness.apply(fake_provider)

    assert report.ok
    assert report.summary["delete"] == 3
    assert harness.cloud.writes() == [("delete", "lamp"), ("delete", "house")]
    assert set(harness.state().resources) & {urn(name) for name in ("house", "room", "lamp")} == set()


def test_what_is_deleted_with_something_is_not_forgotten_when_that_deletion_fails(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        house = Thing("house", ResourceOptions(provider=provider), name="house")
        Thing("room", ResourceOptions(provider=provider, deleted_with=house), name="room", label=house.serial)

    harness.apply(program)

    def refuse(verb: str, name: str) -> None:
        if (verb, name) == ("delete", "house"):
            raise ProviderError("the house is listed")

    harness.cloud.fail = refuse
    assert not harness.destroy().ok
    assert urn("room") in harness.state().resources


def test_what_is_deleted_with_something_retained_is_deleted_by_itself(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        house = Thing("house", ResourceOptions(provider=provider, retain_on_delete=True), name="house")
        Thing("room", ResourceOptions(provider=provider, deleted_with=house), name="room")

    harness.apply(program)
    assert harness.destroy().ok
    assert set(harness.cloud.things) == {"house"}


def test_ignored_changes_keep_the_old_value_also_by_wildcard_and_inside(harness: Harness) -> None:
    program = thing(ignore_changes=["size", "rows[*].at", 'labels["a.b"]'])
    harness.apply(
        lambda: program(name="a", size=1, rows=[{"at": 1, "is": 1}, {"at": 2, "is": 2}], labels={"a.b": "x", "c": "y"})
    )
    harness.apply(
        lambda: program(name="a", size=9, rows=[{"at": 8, "is": 8}, {"at": 7, "is": 7}], labels={"a.b": "z", "c": "z"})
    )

    assert harness.cloud.things["a"] == {
        "name": "a",
        "size": 1,
        "rows": [{"at": 1, "is": 8}, {"at": 2, "is": 7}],
        "labels": {"a.b": "x", "c": "z"},
    }


def test_a_path_that_cannot_be_ignored_is_told(harness: Harness) -> None:
    program = thing(ignore_changes=["rows[1].at"])
    harness.apply(lambda: program(name="a", rows=[{"at": 1}, {"at": 2}]))

    report = harness.plan(lambda: program(name="a", rows=[{"at": 5}]))

    assert report.ok
    [told] = report.diagnostics
    assert told.severity == "info"
    assert "rows[1].at" in told.message


def test_an_ignored_change_forces_no_replacement_along_with_a_dependency(harness: Harness) -> None:
    def program(fixed: int) -> None:
        provider = fake_provider()
        base = Thing("base", ResourceOptions(provider=provider), name="base", fixed=fixed)
        Thing("leaf", ResourceOptions(provider=provider, ignore_changes=["fixed"]), name="leaf", fixed=base.serial)

    harness.apply(lambda: program(1))
    harness.cloud.calls.clear()
    planned, applied = harness.plan(lambda: program(2)), harness.apply(lambda: program(2))

    assert planned.summary == applied.summary
    assert harness.cloud.verbs("leaf") == []


@pytest.mark.parametrize("pattern", ["*", "size", "spec.deep", "spec.*", "spec"])
def test_replace_on_changes_turns_an_update_into_a_replacement(harness: Harness, pattern: str) -> None:
    program = thing(replace_on_changes=[pattern], delete_before_replace=True)
    harness.apply(lambda: program(name="a", size=1, spec={"deep": 1}))
    harness.cloud.calls.clear()

    report = harness.apply(lambda: program(name="a", size=2, spec={"deep": 2}))

    assert report.summary["replace"] == 1
    assert harness.cloud.writes() == [("delete", "a"), ("create", "a")]


def test_a_replacement_that_only_the_program_asks_for_creates_first_whatever_the_name(harness: Harness) -> None:
    program = thing(replace_on_changes=["size"])
    harness.apply(lambda: program(name="a", size=1))
    harness.cloud.calls.clear()

    report = harness.apply(lambda: program(name="a", size=2))

    assert not report.ok
    assert "a exists already" in report.diagnostics[0].message
    assert harness.cloud.verbs("a") == ["create"]
    assert harness.cloud.things == {"a": {"name": "a", "size": 1}}


def test_replace_on_changes_of_another_property_leaves_an_update(harness: Harness) -> None:
    program = thing(replace_on_changes=["label"])
    harness.apply(lambda: program(name="a", size=1))
    assert harness.apply(lambda: program(name="a", size=2)).summary["update"] == 1


def test_delete_before_replace_overrides_the_provider_both_ways(harness: Harness) -> None:
    first = thing(delete_before_replace=True)
    harness.apply(lambda: first(name="old"))
    harness.cloud.calls.clear()
    harness.apply(lambda: first(name="new"))
    assert harness.cloud.writes() == [("delete", "a"), ("create", "a")]

    last = thing(delete_before_replace=False)
    report = harness.apply(lambda: last(name="new", fixed=1))
    assert not report.ok
    assert "new exists already" in report.diagnostics[0].message


def test_custom_time_outs_reach_the_provider(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support.engine_harness import FakeProvider

    seen: dict[str, float | None] = {}

    def spying(verb: str) -> Callable[..., object]:
        real = getattr(FakeProvider, verb)

        def spy(*given: Any) -> object:
            seen[verb] = given[-1].timeout
            return real(*given)

        return spy

    for verb in ("create", "update", "delete"):
        monkeypatch.setattr(FakeProvider, verb, spying(verb))
    program = thing(custom_timeouts=pulumi.CustomTimeouts(create="90s", update="5m", delete="1h30m"))
    harness.apply(lambda: program(name="a", size=1))
    harness.apply(lambda: program(name="a", size=2))
    harness.destroy()

    assert seen == {"create": 90.0, "update": 300.0, "delete": 5400.0}


def test_a_provider_is_inherited_from_the_parent(harness: Harness) -> None:
    def program() -> None:
        group = Group("g", ResourceOptions(providers=[fake_provider()]))
        Thing("a", ResourceOptions(parent=group), name="a")

    assert harness.apply(program).ok
    assert set(harness.cloud.things) == {"a"}


def test_a_thing_without_a_provider_is_refused_by_its_urn(harness: Harness) -> None:
    report = harness.plan(lambda: Thing("a", None, name="a") and None)

    assert not report.ok
    assert report.diagnostics[0].message.startswith(f"{urn('a')}: no provider is given")
    assert "ResourceOptions(provider=...)" in report.diagnostics[0].message


def test_an_unknown_type_and_an_unknown_package_are_refused_by_type_and_urn(harness: Harness) -> None:
    class Strange(pulumi.CustomResource):
        def __init__(self, type: str, package: str) -> None:
            provider = pulumi.ProviderResource(package, f"{package}-provider", {})
            super().__init__(type, "s", {}, ResourceOptions(provider=provider))

    report = harness.plan(lambda: Strange("fake:index:Stranger", "fake") and None)
    assert "fake:index:Stranger" in report.diagnostics[0].message
    assert report.diagnostics[0].urn == urn("s", "fake:index:Stranger")
    report = harness.plan(lambda: Strange("gcp:index:Bucket", "gcp") and None)
    assert "no provider for gcp" in report.diagnostics[0].message
    assert report.diagnostics[0].urn == urn("s", "gcp:index:Bucket")


_HOOK = pulumi.ResourceHookBinding(before_create=[lambda _: None])


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ({"import_": "some-id"}, "import_"),
        ({"transforms": [lambda args: None]}, "transforms"),
        ({"hooks": _HOOK}, "resource hooks"),
        ({"replacement_trigger": "again"}, "replacement_trigger"),
    ],
)
def test_an_option_that_is_not_implemented_is_refused_by_option_and_urn(
    harness: Harness, option: dict[str, object], named: str
) -> None:
    program = thing(**option)

    for run in (harness.plan, harness.apply):
        report = run(lambda: program(name="a"))
        assert not report.ok
        [told] = report.diagnostics
        assert told.message.startswith(f"{urn('a')}: uses {named}, which the embedded engine does not implement")
        assert "ENGINE=pulumi" in told.message
    assert harness.cloud.things == {}


def test_replace_with_is_refused_by_option_and_urn(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        other = Thing("other", ResourceOptions(provider=provider), name="other")
        Thing("a", ResourceOptions(provider=provider, replace_with=[other]), name="a")

    report = harness.plan(program)

    assert not report.ok
    [told] = report.diagnostics
    assert told.message.startswith(f"{urn('a')}: uses ")
    assert "replace" in told.message.lower()


def test_get_is_refused_by_urn(harness: Harness) -> None:
    def program() -> None:
        options = ResourceOptions(provider=fake_provider(), id="i-1")
        pulumi.CustomResource("fake:index:Thing", "a", {}, options)

    report = harness.plan(program)

    assert not report.ok
    assert report.diagnostics[0].message.startswith(f"{urn('a')}: it is read with get() (id 'i-1')")
    assert len(report.diagnostics) == 1


def test_a_look_up_is_refused_by_its_function(harness: Harness) -> None:
    def program() -> None:
        pulumi.runtime.invoke("fake:index:find", {})

    report = harness.plan(program)

    assert not report.ok
    assert "fake:index:find" in report.diagnostics[0].message
    assert len(report.diagnostics) == 1


def test_an_asset_is_refused_by_urn(harness: Harness) -> None:
    program = thing()
    report = harness.plan(lambda: program(name="a", file=pulumi.StringAsset("text")))
    assert report.diagnostics[0].message.startswith(f"{urn('a')}: an input is an asset or archive")


def test_two_things_of_one_name_are_refused_by_urn(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        for name in ("x", "y"):
            Thing("a", ResourceOptions(provider=provider), name=name)

    report = harness.plan(program)

    assert not report.ok
    assert report.diagnostics[0].message.startswith(f"{urn('a')} is declared twice")
