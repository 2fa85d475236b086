from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_harness import Harness, urn
from tests.support.engine_wire import WireHarness, program

pytestmark = pytest.mark.integration


def whole(harness: Harness) -> dict[str, Any]:
    """The state, the order of registration aside, which concurrency may change."""
    resources = harness.state().resources
    return {key: record.to_json() | {"sequence": 0} for key, record in resources.items()}


def test_the_monitor_does_the_same_behind_the_sdk_s_grpc_service_as_inside_the_process(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "wire").mkdir()
    inside, wire = Harness(tmp_path / "inside"), WireHarness(tmp_path / "wire")

    planned = [harness.plan(program) for harness in (inside, wire)]
    applied = [harness.apply(program) for harness in (inside, wire)]

    assert [report.ok for report in planned + applied] == [True] * 4, applied[1].diagnostics
    assert planned[0].summary == planned[1].summary == applied[0].summary == applied[1].summary
    assert applied[0].ended == applied[1].ended
    assert wire.cloud.things == inside.cloud.things
    expected, found = whole(inside), whole(wire)
    for record in (*expected.values(), *found.values()):
        record["outputs"].pop("serial", None)
    assert found == expected
    assert wire.plan(program).changes == 0


def test_a_refusal_reaches_the_program_over_the_wire(tmp_path: Path) -> None:
    harness = WireHarness(tmp_path)

    def refuse(verb: str, name: str) -> None:
        from sandbox.engine.provider import ProviderError

        if (verb, name) == ("create", "second"):
            raise ProviderError("the service said no")

    harness.cloud.fail = refuse
    report = harness.apply(program)

    assert not report.ok
    assert report.diagnostics[0].message == "the service said no"
    assert urn("third") not in harness.state().resources
