import io
import json
from pathlib import Path

from sandbox.cli.console import Console
from sandbox.deploy import cost
from sandbox.deploy.preview_json import to_json
from sandbox.deploy.pulumi_events import to_document
from sandbox.engine.events import RunEnded
from sandbox.engine.host import RunReport
from sandbox.engine.state.crypto import SecretBox
from sandbox.engine.state.record import Intent, Record
from sandbox.engine.state.store import StateStore

STACK = "urn:pulumi:dev::proj::pulumi:pulumi:Stack::proj-dev"


def outputs(**typical: float) -> dict:
    parts = {name: {"typical": amount, "idle": 0.0, "survivesDestroy": 0.0} for name, amount in typical.items()}
    total = round(sum(typical.values()), 2)
    return {
        "url": "x",
        cost.OUTPUT: {
            "environment": "dev",
            "typical": total,
            "idle": 1.5,
            "survivesDestroy": 0.25,
            "byComponent": parts,
            "byTenant": {},
        },
    }


def shown(now: dict, former: dict) -> list[str]:
    return cost.lines(cost.compare(now, former))


def test_a_first_deployment_is_told_without_a_difference() -> None:
    assert shown(outputs(broker=1234.5), {}) == ["Cost a month, USD: typical 1,234.50 · idle 1.50 · after down 0.25"]


def test_a_change_is_told_with_the_difference_and_the_components_that_make_it() -> None:
    now, was = outputs(broker=20.0, bucket=5.0, gateway=8.0), outputs(broker=10.0, registry=3.5, gateway=8.0)
    assert shown(now, was) == [
        "Cost a month, USD: typical 33.00 (was 21.50, +11.50) · idle 1.50 · after down 0.25",
        "    broker    +10.00",
        "    bucket    +5.00",
        "    registry  -3.50",
    ]


def test_an_unchanged_cost_is_one_line_with_no_difference() -> None:
    (line,) = shown(outputs(broker=10.0), outputs(broker=10.0))
    assert "typical 10.00 (was 10.00, +0.00)" in line


def test_a_stack_that_costs_nothing_says_so() -> None:
    free = {cost.OUTPUT: {"typical": 0, "idle": 0, "survivesDestroy": 0, "byComponent": {}}}
    assert shown(free, {}) == shown(free, free) == ["Cost a month: nothing is paid for"]
    assert "typical 0.00 (was 10.00, -10.00)" in shown(free, outputs(broker=10.0))[0]


def test_a_program_that_tells_no_cost_gets_no_line() -> None:
    for told in ({}, {cost.OUTPUT: "[unknown]"}, {cost.OUTPUT: {"typical": "[unknown]"}}):
        assert cost.compare(told, outputs(broker=1.0)) is None
        assert shown(told, {}) == []


def test_json_has_the_cost_with_what_it_was_and_by_how_much_it_changes() -> None:
    report = RunReport(ended=RunEnded(True, {}, outputs(broker=20.0), False, 0))
    told = to_json(report, 0.1, outputs(broker=12.5))["cost"]
    assert told["typical"] == 20.0
    assert told["was"] == {"typical": 12.5, "idle": 1.5, "survivesDestroy": 0.25}
    assert told["difference"] == {"typical": 7.5, "idle": 0.0, "survivesDestroy": 0.0}
    assert told["changed"] == {"broker": 7.5}
    assert to_json(RunReport(), 0.1)["cost"] is None


def test_the_pulumi_clis_events_are_compared_likewise() -> None:
    states = {"new": {"outputs": outputs(broker=20.0)}, "old": {"outputs": outputs(broker=12.5)}}
    event = {"resOutputsEvent": {"metadata": {"type": "pulumi:pulumi:Stack"} | states}}
    assert to_document([json.dumps(event)], ok=True)["cost"]["difference"]["typical"] == 7.5
    assert to_document([], ok=True)["cost"] is None


def test_the_former_cost_is_read_from_the_state_and_reading_changes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "dev.db"
    assert cost.stored_outputs(path) == {}
    record = Record(STACK, "pulumi:pulumi:Stack", custom=False, outputs=outputs(broker=12.5))
    store = StateStore(path, SecretBox.open(path.with_suffix(".key")))
    assert cost.stored_outputs(path) == {}
    store.begin(Intent(STACK, "create", "n", record))
    store.conclude(record)
    assert cost.stored_outputs(path)[cost.OUTPUT]["typical"] == 12.5
    store.close()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert cost.stored_outputs(path)[cost.OUTPUT]["typical"] == 12.5
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_state_that_cannot_be_read_has_no_cost_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "dev.db"
    for content in (b"", b"no database at all", b"SQLite format 3\0" + b"x" * 100):
        path.write_bytes(content)
        assert cost.stored_outputs(path) == {}
        assert path.read_bytes() == content


def test_the_cost_is_printed_once_and_not_again_among_the_outputs() -> None:
    out = io.StringIO()
    console = Console(out=out, err=io.StringIO())
    console.cost(outputs(broker=2.0), {})
    console.outputs(outputs(broker=2.0))
    assert "Cost a month, USD: typical 2.00" in out.getvalue()
    assert "url : x" in out.getvalue()
    assert cost.OUTPUT not in out.getvalue()
