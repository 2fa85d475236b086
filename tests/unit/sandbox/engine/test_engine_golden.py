"""What Pulumi's own engine does, kept as data with its source, against what this one does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import ResourceOptions

from sandbox.engine import urns
from sandbox.engine.diff import diff
from sandbox.engine.ignoring import ignore_changes
from sandbox.engine.urns import AliasSpec
from sandbox.engine.values import Json, Secret
from tests.support.engine_harness import Harness, Thing, fake_provider, urn

FOLDER = Path(__file__).parent / "golden"
GOLDEN: dict[str, Any] = {path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yaml")}


def test_every_golden_file_names_its_source() -> None:
    assert len(GOLDEN) == 5
    for name, data in GOLDEN.items():
        assert data["source"].startswith("pulumi/pulumi "), name
        assert len(data["source"].rpartition("@")[2]) == 40, name


@pytest.mark.parametrize("case", GOLDEN["urns"]["cases"], ids=lambda case: case["urn"])
def test_urns_are_built_as_by_pulumi(case: dict[str, Any]) -> None:
    stack, project, parent = GOLDEN["urns"]["stack"], GOLDEN["urns"]["project"], ""
    for type_ in case["parents"]:
        parent = urns.build(stack, project, parent, type_, "parent")
    assert urns.build(stack, project, parent, case["type"], case["name"]) == case["urn"]


@pytest.mark.parametrize("case", GOLDEN["urns"]["parts"]["cases"], ids=lambda case: case["urn"])
def test_urns_are_read_as_by_pulumi(case: dict[str, Any]) -> None:
    found = urns.parse(case["urn"])
    assert (found.type, found.type_chain, found.name) == (case["type"], case["chain"], case["name"])
    assert str(found) == case["urn"]


@pytest.mark.parametrize("text", GOLDEN["urns"]["parts"]["refused"])
def test_what_is_no_urn_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a URN"):
        urns.parse(text)


@pytest.mark.parametrize("case", GOLDEN["aliases"]["cases"], ids=lambda case: case["name"])
def test_aliases_are_inherited_as_by_pulumi(case: dict[str, Any]) -> None:
    def whole(short: str) -> str:
        return f"urn:pulumi:s::p::{short}"

    parent, child = whole("T::myres"), whole("T$C::myres-child")
    inherited = urns.aliases(parent, "", [AliasSpec(**spec) for spec in case["parent"]], {})
    found = urns.aliases(child, parent, [AliasSpec(**spec) for spec in case["child"]], {parent: inherited})
    assert sorted(found) == sorted(whole(short) for short in case["found"])


def value(data: Json) -> Json:
    """Golden data with its secrets marked."""
    if isinstance(data, dict):
        return Secret(data["!secret"]) if "!secret" in data else {key: value(item) for key, item in data.items()}
    return [value(item) for item in data] if isinstance(data, list) else data


@pytest.mark.parametrize("case", GOLDEN["ignored"]["cases"], ids=lambda case: f"{case['path']} {case['old']}")
def test_ignored_paths_are_put_back_as_by_pulumi(case: dict[str, Any]) -> None:
    found, lost = ignore_changes(value(case["new"]), value(case["old"]), [case["path"]])
    assert lost == ([case["path"]] if case.get("refused") else [])
    if "result" in case:
        assert found == value(case["result"])


@pytest.mark.parametrize("case", GOLDEN["diffs"]["cases"], ids=str)
def test_values_differ_as_by_pulumi(case: dict[str, Any]) -> None:
    assert bool(diff({"a": case["old"]}, {"a": case["new"]})) == case["differs"]


def test_a_replacement_takes_along_what_it_does_in_pulumi(harness: Harness) -> None:
    links = [link.split() for link in GOLDEN["replacements"]["links"]]

    def program(fixed: int) -> None:
        provider = fake_provider()
        made = {"A": Thing("A", ResourceOptions(provider=provider), name="A", fixed=fixed)}
        for name, input_, *needed in links:
            serials: Any = [made[other].serial for other in needed]
            made[name] = Thing(name, ResourceOptions(provider=provider), name=name, **{input_: serials})

    harness.apply(lambda: program(1))
    planned, applied = harness.plan(lambda: program(2)), harness.apply(lambda: program(2))

    replaced = {urn(name) for name in GOLDEN["replacements"]["replaced"]}
    assert {step.urn for step in planned.steps if step.op == "replace"} == replaced
    assert applied.ok
    assert applied.summary == planned.summary


@pytest.mark.parametrize("order", ["delete_first", "create_first"])
def test_a_replacement_goes_in_the_order_it_does_in_pulumi(harness: Harness, order: str) -> None:
    def program(version: int) -> None:
        options = ResourceOptions(provider=(provider := fake_provider()), delete_before_replace=order == "delete_first")
        first = Thing("A", options, name=f"A{version}")
        if order == "delete_first":
            Thing("B", ResourceOptions(provider=provider), name="B", fixed=first.serial)

    harness.apply(lambda: program(1))
    harness.cloud.calls.clear()
    assert harness.apply(lambda: program(2)).ok

    assert [f"{verb} {name}" for verb, name in harness.cloud.writes()] == GOLDEN["replacements"]["order"][order]
