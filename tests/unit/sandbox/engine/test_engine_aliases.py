from __future__ import annotations

import pulumi
import pytest
from pulumi import Alias, ResourceOptions

from tests.support.engine_harness import Group, Harness, Thing, fake_provider, urn


def converged(harness: Harness, program: object) -> None:
    """The program must change nothing but names in the state, and then nothing at all."""
    harness.cloud.calls.clear()
    planned, applied = harness.plan(program), harness.apply(program)  # type: ignore[arg-type]
    assert applied.ok, applied.diagnostics
    assert planned.summary == applied.summary
    assert planned.changes == 0, planned.steps
    assert harness.cloud.writes() == []
    again = harness.plan(program)  # type: ignore[arg-type]
    assert again.changes == 0
    assert again.ended is not None
    assert not again.ended.state_changed


@pytest.mark.parametrize(
    "alias",
    [Alias(name="old"), urn("old"), Alias(name="old", parent=pulumi.ROOT_STACK_RESOURCE)],
    ids=["by name", "by urn", "by parent"],
)
def test_a_renamed_thing_is_found_by_its_alias(harness: Harness, alias: Alias | str) -> None:
    harness.apply(lambda: Thing("old", ResourceOptions(provider=fake_provider()), name="a") and None)

    converged(
        harness, lambda: Thing("new", ResourceOptions(provider=fake_provider(), aliases=[alias]), name="a") and None
    )

    assert urn("old") not in harness.state().resources
    assert harness.state().resources[urn("new")].id == "a"


def test_a_thing_of_another_type_is_found_by_its_alias(harness: Harness) -> None:
    from tests.support.engine_harness import Box

    harness.apply(lambda: Box("a", ResourceOptions(provider=fake_provider()), name="a") and None)

    options = {"aliases": [Alias(type_="fake:index:Box")]}
    converged(harness, lambda: Thing("a", ResourceOptions(provider=fake_provider(), **options), name="a") and None)


def test_a_thing_that_moved_under_a_parent_is_found_by_its_alias(harness: Harness) -> None:
    def before() -> None:
        Group("g")
        Thing("a", ResourceOptions(provider=fake_provider()), name="a")

    harness.apply(before)

    def moved() -> None:
        options = ResourceOptions(
            provider=fake_provider(), parent=Group("g"), aliases=[Alias(parent=pulumi.ROOT_STACK_RESOURCE)]
        )
        Thing("a", options, name="a")

    converged(harness, moved)


def test_aliases_are_inherited_through_two_levels_with_the_names_that_follow_the_parent(harness: Harness) -> None:
    def program(name: str, aliases: list[Alias]) -> None:
        outer = Group(name, ResourceOptions(aliases=aliases))
        inner = Group(f"{name}-inner", ResourceOptions(parent=outer))
        Thing(f"{name}-inner-leaf", ResourceOptions(provider=fake_provider(), parent=inner), name="leaf")
        Thing("steady", ResourceOptions(provider=fake_provider("second"), parent=outer), name="steady")

    harness.apply(lambda: program("old", []))

    converged(harness, lambda: program("new", [Alias(name="old")]))


def test_aliases_at_both_levels_combine(harness: Harness) -> None:
    def program(parent: str, child: str, *, renamed: bool) -> None:
        aliases = [Alias(name="old")] if renamed else []
        group = Group(parent, ResourceOptions(aliases=aliases))
        options = ResourceOptions(
            provider=fake_provider(), parent=group, aliases=[Alias(name="was")] if renamed else []
        )
        Thing(child, options, name="a")

    harness.apply(lambda: program("old", "was", renamed=False))

    converged(harness, lambda: program("new", "now", renamed=True))


def test_a_renamed_thing_that_also_changes_is_updated_once(harness: Harness) -> None:
    harness.apply(lambda: Thing("old", ResourceOptions(provider=fake_provider()), name="a", size=1) and None)

    def program() -> None:
        Thing("new", ResourceOptions(provider=fake_provider(), aliases=[Alias(name="old")]), name="a", size=2)

    planned, applied = harness.plan(program), harness.apply(program)
    assert planned.summary == applied.summary
    assert applied.summary["update"] == 1
    assert set(harness.cloud.things) == {"a"}
    assert harness.plan(program).changes == 0


def test_a_renamed_thing_that_is_replaced_leaves_nothing_behind(harness: Harness) -> None:
    harness.apply(lambda: Thing("old", ResourceOptions(provider=fake_provider()), name="a") and None)

    def program() -> None:
        Thing("new", ResourceOptions(provider=fake_provider(), aliases=[Alias(name="old")]), name="b")

    planned, applied = harness.plan(program), harness.apply(program)
    assert planned.summary == applied.summary
    assert applied.summary["replace"] == 1
    assert set(harness.cloud.things) == {"b"}
    assert harness.plan(program).changes == 0


def test_a_renamed_dependent_goes_along_with_what_it_depends_on(harness: Harness) -> None:
    def program(leaf: str, fixed: int) -> None:
        provider = fake_provider()
        base = Thing("base", ResourceOptions(provider=provider), name="base", fixed=fixed)
        Thing(leaf, ResourceOptions(provider=provider, aliases=[Alias(name="leaf")]), name="leaf", fixed=base.serial)

    harness.apply(lambda: program("leaf", 1))
    planned, applied = harness.plan(lambda: program("blade", 2)), harness.apply(lambda: program("blade", 2))

    assert applied.ok
    assert planned.summary == applied.summary
    assert (applied.summary["replace"], applied.summary["delete"]) == (2, 0)
    assert harness.plan(lambda: program("blade", 2)).changes == 0


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_one_former_thing_cannot_be_two_things_now(harness: Harness, order: tuple[str, str]) -> None:
    harness.apply(lambda: Thing("a", ResourceOptions(provider=fake_provider()), name="a") and None)

    def program() -> None:
        provider = fake_provider()
        before = None
        for name in order:
            aliases = [Alias(name="a")] if name == "b" else []
            options = ResourceOptions(provider=provider, aliases=aliases, depends_on=[before] if before else [])
            before = Thing(name, options, name=name)

    report = harness.plan(program)

    assert not report.ok
    assert any("alias" in item.message and urn("a") in item.message for item in report.diagnostics)


def test_two_children_cannot_have_one_alias(harness: Harness) -> None:
    harness.apply(lambda: Thing("a", ResourceOptions(provider=fake_provider()), name="a") and None)

    def program() -> None:
        provider = fake_provider()
        for name in ("b", "c"):
            Thing(name, ResourceOptions(provider=provider, aliases=[Alias(name="a")]), name=name)

    report = harness.plan(program)

    assert not report.ok
    assert "drop one of them" in report.diagnostics[0].message


def test_references_follow_a_renamed_provider_even_when_the_run_then_fails(harness: Harness) -> None:
    def program(provider: str, *, broken: bool) -> None:
        cloud = pulumi.ProviderResource("fake", provider, {}, ResourceOptions(aliases=[Alias(name="cloud")]))
        if broken:
            Thing("broken", ResourceOptions(provider=cloud), bad=1)
        elif provider == "cloud":
            Thing("gone", ResourceOptions(provider=cloud), name="gone")

    harness.apply(lambda: program("cloud", broken=False))
    assert not harness.apply(lambda: program("sky", broken=True)).ok
    assert harness.state().resources[urn("gone")].provider.startswith(urn("sky", "pulumi:providers:fake"))

    assert harness.apply(lambda: program("sky", broken=False)).ok
    assert harness.cloud.things == {}


def test_references_follow_a_renamed_dependency(harness: Harness) -> None:
    def program(base: str, *, leaf: bool) -> None:
        provider = fake_provider()
        first = Thing(base, ResourceOptions(provider=provider, aliases=[Alias(name="base")]), name="base")
        if leaf:
            Thing("leaf", ResourceOptions(provider=provider), name="leaf", label=first.serial)

    harness.apply(lambda: program("base", leaf=True))
    harness.apply(lambda: program("ground", leaf=False))
    assert set(harness.cloud.things) == {"base"}
    harness.apply(lambda: program("ground", leaf=True))
    assert harness.state().resources[urn("leaf")].dependencies == (urn("ground"),)
