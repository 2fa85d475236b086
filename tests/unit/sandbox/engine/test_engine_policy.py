from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pulumi import Output, ResourceOptions

from policies.model import Resource, Severity, Stack, Violation
from policies.rule import Rule, Types, WholeStack, rule
from policies.runtime import Packs
from sandbox.engine.run import _packs_of
from tests.support.engine_harness import Harness, Thing, fake_provider, urn


def make(id: str, applies_to: Any, check: Any, **more: Any) -> Rule:
    decorate = rule(
        id=id,
        title=f"Rule {id}",
        severity=Severity.HIGH,
        topics=("test",),
        applies_to=applies_to,
        rationale="Tests need rules.",
        remediation="Use another label.",
        **more,
    )
    return decorate(check)


def label_is_not_bad(resource: Resource) -> Iterator[Violation]:
    if resource.root["label"].text() == "bad":
        yield Violation("label", "the label is 'bad'")


def at_most_two_things(stack: Stack) -> Iterator[Violation]:
    if len(stack.resources) > 2:
        yield Violation("", f"there are {len(stack.resources)} things; at most 2")


THING = Types(frozenset({"fake:index:Thing"}))


def harness_with(folder: Path, *rules: Rule) -> Harness:
    return Harness(folder, Packs((), {item.id: item for item in rules}))


def mandatory(folder: Path) -> Harness:
    return harness_with(
        folder,
        make("T-001", THING, label_is_not_bad, mandatory_everywhere=True),
        make("T-002", WholeStack(), at_most_two_things, mandatory_everywhere=True),
    )


def things(*labels: Any) -> None:
    provider = fake_provider()
    for index, label in enumerate(labels):
        Thing(f"t{index}", ResourceOptions(provider=provider), name=f"t{index}", label=label)


def test_a_mandatory_finding_known_at_plan_fails_the_plan_which_writes_nothing(tmp_path: Path) -> None:
    harness = mandatory(tmp_path)

    report = harness.plan(lambda: things("good", "bad"))

    assert not report.ok
    [finding] = report.findings
    assert (finding.rule, finding.mandatory, finding.urn, finding.path) == ("T-001", True, urn("t1"), "label")
    assert finding.remedy == "Use another label."
    assert harness.cloud.writes() == []


def test_all_findings_of_a_plan_are_told_each_once(tmp_path: Path) -> None:
    harness = mandatory(tmp_path)

    report = harness.plan(lambda: things("bad", "bad"))

    assert sorted(finding.urn for finding in report.findings) == [urn("t0"), urn("t1")]


def test_a_value_known_only_at_apply_is_checked_before_its_write(tmp_path: Path) -> None:
    harness = mandatory(tmp_path)

    def program() -> None:
        provider = fake_provider()
        first = Thing("first", ResourceOptions(provider=provider), name="first", size=7)
        label = first.computed.apply(lambda text: "bad" if text == "computed-7" else "good")
        Thing("second", ResourceOptions(provider=provider), name="second", label=label)

    planned = harness.plan(program)
    assert planned.ok
    [unknown] = planned.findings
    assert unknown.message.startswith("UNKNOWN: label is not known yet")
    assert (unknown.level, unknown.mandatory) == ("advisory", False)

    applied = harness.apply(program)
    assert not applied.ok
    assert "T-001" in applied.diagnostics[0].message
    assert "Use another label." in applied.diagnostics[0].message
    assert set(harness.cloud.things) == {"first"}


def test_a_rule_about_the_stack_is_asked_after_the_program(tmp_path: Path) -> None:
    harness = mandatory(tmp_path)

    report = harness.plan(lambda: things("a", "b", "c"))

    assert not report.ok
    [finding] = report.findings
    assert (finding.rule, finding.urn, finding.message) == ("T-002", "", "there are 3 things; at most 2")


def test_a_broken_stack_rule_at_apply_deletes_nothing(tmp_path: Path) -> None:
    Harness(tmp_path).apply(lambda: things("a"))
    harness = mandatory(tmp_path)
    harness.cloud.things["t0"] = {"name": "t0", "label": "a"}

    def program() -> None:
        provider = fake_provider()
        for name in "xyz":
            Thing(name, ResourceOptions(provider=provider), name=name)

    assert not harness.apply(program).ok
    assert set(harness.cloud.things) == {"t0", "x", "y", "z"}


def test_an_advisory_finding_is_told_and_stops_nothing(tmp_path: Path) -> None:
    # The stack of these tests is no environment of ours, in which rules are advisory unless they say otherwise.
    from policies.environments import level_for
    from policies.model import Level

    harness = harness_with(tmp_path, make("T-001", THING, label_is_not_bad))
    expected = level_for("test", mandatory_everywhere=False)

    report = harness.apply(lambda: things("bad"))

    assert [finding.level for finding in report.findings] == [expected.value]
    assert report.ok == (expected is Level.ADVISORY)


def test_a_rule_sees_that_a_secret_is_there_but_not_which(tmp_path: Path) -> None:
    seen: list[Any] = []

    def look(resource: Resource) -> Iterator[Violation]:
        seen.append(resource.props["label"])
        return iter(())

    harness = harness_with(tmp_path, make("T-001", THING, look))
    harness.apply(lambda: things(Output.secret("canary-secret-value")))

    assert seen == ["[secret]"]


def test_a_project_is_judged_by_packs_only_if_it_has_them(tmp_path: Path) -> None:
    assert _packs_of(str(tmp_path)).rules == {}
    (tmp_path / "policies" / "packs").mkdir(parents=True)
    assert "POD-001" in _packs_of(str(tmp_path)).rules
