from __future__ import annotations

from pathlib import Path

import pulumi
import pytest

from tests.support.engine_harness import Group, Harness, Thing, fake_provider


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    return Harness(tmp_path)


def test_a_plan_writes_nothing_and_lists_what_the_apply_then_does(harness: Harness) -> None:
    def program() -> None:
        provider = fake_provider()
        group = Group("g")
        first = Thing("first", pulumi.ResourceOptions(provider=provider, parent=group), name="first", size=1)
        Thing("second", pulumi.ResourceOptions(provider=provider, parent=group), label=first.computed)
        pulumi.export("computed", first.computed)
        pulumi.export("password", first.password)

    planned = harness.plan(program)

    assert planned.ok, planned.diagnostics
    assert harness.cloud.things == {}
    assert planned.summary["create"] == 5
    applied = harness.apply(program)
    assert applied.ok, applied.diagnostics
    assert applied.summary == planned.summary
    assert applied.ended is not None
    assert applied.ended.outputs == {"computed": "computed-1", "password": "[secret]"}
    again = harness.plan(program)
    assert again.changes == 0
    assert not again.ended.state_changed  # type: ignore[union-attr]
    assert again.summary["same"] == 5
