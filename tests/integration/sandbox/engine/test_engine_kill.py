from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import Alias, ResourceOptions

from sandbox.engine.session import Mode
from sandbox.engine.state.record import Record
from tests.support.engine_harness import Group, Harness, Thing, fake_provider
from tests.support.engine_kill import KillSwitch

pytestmark = pytest.mark.integration


def program(version: int) -> None:
    """Two versions that differ by a create, an update, a delete, a rename, and replacements of every kind."""
    provider = fake_provider()
    group = Group("g")
    plain = ResourceOptions(provider=provider, parent=group)
    base = Thing("base", plain, name="base", fixed=version)
    Thing("rigid", plain, name="rigid", fixed=base.serial)
    Thing("supple", plain, name="supple", label=base.serial)
    Thing("unnamed", plain, fixed=version)
    Thing("kept", ResourceOptions(provider=provider, retain_on_delete=True), name=f"kept-{version}")
    renamed = ResourceOptions(provider=provider, aliases=[Alias(name="first")])
    if version == 1:
        Thing("first", ResourceOptions(provider=provider), name="moved")
        Thing("leftover", plain, name="leftover", label=base.serial)
    else:
        Thing("second", renamed, name="moved-on")
        Thing("fresh", ResourceOptions(provider=provider), fixed="fresh")
    group.register_outputs({"version": version})
    pulumi.export("version", version)


def bare(id: str) -> str:
    """An id without the nonce that generated ones end with."""
    return id.rsplit("-", 1)[0] if id.startswith(("unnamed-", "fresh-")) else id


def picture(harness: Harness) -> dict[str, Any]:
    """All that must not depend on whether a run was disturbed."""

    def shown(record: Record) -> dict[str, Any]:
        inputs = {key: value for key, value in record.inputs.items() if key not in {"label", "fixed"}}
        return record.to_json() | {"id": bare(record.id), "inputs": inputs, "outputs": sorted(record.outputs)}

    state = harness.state()
    return {
        "things": sorted(bare(id) for id in harness.cloud.things),
        "resources": sorted(
            (shown(record) | {"sequence": 0} for record in state.resources.values()), key=lambda item: item["urn"]
        ),
        "left": (state.condemned, state.intents),
    }


class World:
    """A stack in its first version, as often as a test needs it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._start = folder / "start"
        self._start.mkdir()
        self._first = Harness(self._start)
        assert self._first.apply(lambda: program(1)).ok
        self._copies = 0

    def begin(self) -> Harness:
        self._copies += 1
        folder = self._folder / str(self._copies)
        shutil.copytree(self._start, folder)
        harness = Harness(folder)
        for name in ("things", "serials", "nonces"):
            setattr(harness.cloud, name, copy.deepcopy(getattr(self._first.cloud, name)))
        for _ in range(100):
            next(harness.cloud.creations)
        return harness


THINGS = {
    ("apply", 1): ["base", "kept-1", "leftover", "moved", "rigid", "supple", "unnamed"],
    ("apply", 2): ["base", "fresh", "kept-1", "kept-2", "moved-on", "rigid", "supple", "unnamed"],
    ("destroy", 1): ["kept-1"],
}


def every_moment(begin: Callable[[], Harness], mode: Mode, version: int, patch: pytest.MonkeyPatch, step: int) -> None:
    """Kill a run at its moments, one after the other; the same run again must bring the same as an undisturbed one."""
    undisturbed, count = begin(), KillSwitch(None)
    with count.armed(undisturbed, patch):
        assert undisturbed.run(mode, lambda: program(version)).ok
    expected = picture(undisturbed)
    assert expected["left"] == ({}, {})
    assert expected["things"] == THINGS[mode, version]
    for moment in range(1, count.moments + 1, step):
        harness, switch = begin(), KillSwitch(moment)
        with switch.armed(harness, patch):
            harness.run(mode, lambda: program(version))
        assert switch.dead
        again = harness.run(mode, lambda: program(version))
        assert again.ok, (moment, again.diagnostics)
        assert picture(harness) == expected, moment
        if mode == "apply":
            assert harness.plan(lambda: program(version)).changes == 0, moment


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.soak), 23])
def test_a_first_run_killed_at_any_moment_is_completed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    def begin() -> Harness:
        begin.count += 1  # type: ignore[attr-defined]
        folder = tmp_path / str(begin.count)  # type: ignore[attr-defined]
        folder.mkdir()
        return Harness(folder)

    begin.count = 0  # type: ignore[attr-defined]
    every_moment(begin, "apply", 1, monkeypatch, step)


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.soak), 23])
def test_a_run_with_every_kind_of_change_killed_at_any_moment_is_completed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    every_moment(World(tmp_path).begin, "apply", 2, monkeypatch, step)


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.soak), 5])
def test_a_teardown_killed_at_any_moment_is_completed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    every_moment(World(tmp_path).begin, "destroy", 1, monkeypatch, step)


def test_a_plan_after_a_kill_says_what_the_next_run_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    count = KillSwitch(None)
    with count.armed(harness := world.begin(), monkeypatch):
        harness.apply(lambda: program(2))
    for moment in range(2, count.moments, 37):
        harness, switch = world.begin(), KillSwitch(moment)
        with switch.armed(harness, monkeypatch):
            harness.apply(lambda: program(2))
        before = harness.state()
        planned = harness.plan(lambda: program(2))
        assert harness.state() == before
        assert harness.apply(lambda: program(2)).summary == planned.summary, moment
