from sandbox.deploy.preview_json import to_json
from sandbox.deploy.tree import render_tree
from sandbox.engine.events import Diagnostic, PolicyFinding, RunEnded, StepEnded, StepPlanned
from sandbox.engine.host import RunReport

STACK = "urn:pulumi:local::proj::pulumi:pulumi:Stack::proj-local"
GROUP = "urn:pulumi:local::proj::platform:x:Group::group"
MAP = "urn:pulumi:local::proj::platform:x:Group$kubernetes:core/v1:ConfigMap::settings"
OTHER = "urn:pulumi:local::proj::platform:x:Group$kubernetes:core/v1:ConfigMap::other"
CHANGES = [
    {"path": "data.a", "kind": "update", "old": "1", "new": "2"},
    {"path": "data.b", "kind": "add", "old": None, "new": "[secret]"},
    {"path": "metadata.name", "kind": "delete", "old": "x", "new": None},
]


def _steps() -> list[StepPlanned]:
    return [
        StepPlanned("same", STACK, "pulumi:pulumi:Stack", ""),
        StepPlanned("same", GROUP, "platform:x:Group", STACK),
        StepPlanned("same", OTHER, "kubernetes:core/v1:ConfigMap", GROUP),
        StepPlanned(
            "replace", MAP, "kubernetes:core/v1:ConfigMap", GROUP, changes=CHANGES, replace_paths=["metadata.name"]
        ),
    ]


def test_the_tree_shows_changed_resources_below_their_unchanged_parents_and_nothing_else() -> None:
    lines = render_tree(_steps())
    assert [line.split()[-1] for line in lines if "Stack" in line or "Group" in line] == ["proj-local", "group"]
    assert not any("other" in line for line in lines)
    assert any("└─ kubernetes:core/v1:ConfigMap" in line and line.endswith("replace") for line in lines)


def test_the_tree_shows_each_changed_property_and_marks_what_forces_the_replacement() -> None:
    text = "\n".join(render_tree(_steps()))
    assert "~ data.a: '1' => '2'" in text
    assert "+ data.b: '[secret]'" in text
    assert "- metadata.name: 'x' [replaces]" in text


def test_json_has_the_shape_of_a_pulumi_preview_and_always_all_five_counts() -> None:
    report = RunReport(steps=_steps(), ended=RunEnded(True, {"replace": 1, "same": 3}, {"url": "x"}, False, 0))
    document = to_json(report, 1.5)
    assert document["changeSummary"] == {"create": 0, "update": 0, "replace": 1, "delete": 0, "same": 3}
    (step,) = document["steps"]
    assert (step["op"], step["urn"]) == ("replace", MAP)
    assert step["newState"]["type"] == "kubernetes:core/v1:ConfigMap"
    assert step["replaceReasons"] == ["metadata.name"]
    assert step["detailedDiff"]["metadata.name"] == {"kind": "delete-replace", "inputDiff": True}
    assert step["detailedDiff"]["data.a"] == {"kind": "update", "inputDiff": True}
    assert document["duration"] == 1_500_000_000
    assert document["result"] == "succeeded"


def test_json_of_a_failed_run_tells_failures_diagnostics_and_findings() -> None:
    report = RunReport(
        failures=[StepEnded("create", MAP, "kubernetes:core/v1:ConfigMap", 1.0, "refused")],
        diagnostics=[Diagnostic("warning", "careful", GROUP)],
        findings=[PolicyFinding("POD-001", "mandatory", True, MAP, "spec", "bad", "mend")],
    )
    document = to_json(report, 0.1)
    assert {(item["urn"], item["message"]) for item in document["diagnostics"]} == {
        (MAP, "refused"),
        (GROUP, "careful"),
    }
    assert document["policies"][0]["rule"] == "POD-001"
    assert document["result"] == "failed"
    assert document["changeSummary"]["create"] == 0
