import gc
import io
import json
from pathlib import Path
from typing import Any

import pytest

from policies.cli import main
from policies.runtime import PACKS, load_packs
from tests.support.policy_command import BAD, GOOD, file_with, run, run_json

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}


def _pod(name: str, image: object) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{"image": image}]}}


def test_list_names_every_rule(capsys: pytest.CaptureFixture[str]):
    code, out, err = run(capsys, "list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == list(load_packs().rules)


def test_list_as_json_carries_the_metadata(capsys: pytest.CaptureFixture[str]):
    code, document = run_json(capsys, "list")
    assert code == 0
    [first] = [rule for rule in document["rules"] if rule["id"] == "POD-001"]
    assert (first["id"], first["severity"], first["packs"]) == ("POD-001", "high", ["workloads"])
    assert first["rationale"]
    assert first["remediation"]


def test_explain_says_why_and_how_to_comply_whatever_the_case_of_the_id(capsys: pytest.CaptureFixture[str]):
    code, out, _ = run(capsys, "explain", "pod-005")
    assert code == 0
    assert out.startswith("POD-005  Disallow privilege escalation")
    assert "mandatory   in every environment" in out
    assert "How to comply" in out
    assert run_json(capsys, "explain", "POD-001")[1]["id"] == "POD-001"


def test_explain_says_where_the_rule_is_asked_and_shows_its_cel(capsys: pytest.CaptureFixture[str]):
    _, out, _ = run(capsys, "explain", "POD-005")
    assert "at preview and up; on files and states by policies check; at admission by the API server." in out
    assert "!container.?securityContext.?allowPrivilegeEscalation.orValue(true)" in out
    _, document = run_json(capsys, "explain", "NET-001")
    assert (document["cel"], len(document["places"])) == (None, 2)


def test_list_as_json_carries_the_cel_of_each_rule_that_has_one(capsys: pytest.CaptureFixture[str]):
    _, document = run_json(capsys, "list", "--pack", "workloads")
    by_id = {rule["id"]: rule for rule in document["rules"]}
    assert "readOnlyRootFilesystem" in by_id["POD-004"]["cel"]
    assert "//" not in by_id["POD-008"]["cel"].replace("://", "")


def test_admission_writes_the_policies_of_the_api_server_and_names_what_changed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    code, out, _ = run(capsys, "admission", "--out", tmp_path / "new")
    assert code == 0
    assert str(tmp_path / "new" / "platform-workloads.yaml") in out.splitlines()
    assert run(capsys, "admission", "--out", tmp_path / "new") == (0, "", "")


def test_findings_stand_by_resource_and_rule_and_the_remedy_once(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    containers = [{"name": name, "image": "a:latest"} for name in ("one", "two")]
    pod = {**_pod("web", "a"), "spec": {"containers": containers}}
    _, out, _ = run(capsys, "check", file_with(tmp_path, "pod.json", json.dumps(pod)), "--pack", "workloads")
    lines = out.splitlines()
    start = lines.index("  POD-008 high mandatory: 2 findings")
    assert [line.split(":")[0].strip() for line in lines[start + 1 : start + 4]] == ["at", "at", "fix"]
    assert "spec.containers[1].image: container 'two'" in lines[start + 2]
    assert sum(line.endswith(" Pod web") for line in lines) == 1


@pytest.mark.parametrize(
    ("id_", "hint"),
    [
        ("POD-01", "did you mean POD-001?"),
        ("pod1", "did you mean POD-001?"),
        ("POD 5", "did you mean POD-005?"),
        ("PDO-001", "did you mean POD-001"),
        ("X", "'policies list' names them all"),
        ("X-1", "'policies list' names them all"),
    ],
)
def test_explain_of_a_rule_that_does_not_exist_helps(capsys: pytest.CaptureFixture[str], id_: str, hint: str):
    code, out, err = run(capsys, "explain", id_)
    assert (code, out) == (2, "")
    assert f"there is no rule {id_!r}" in err
    assert hint in err


def test_a_good_file_is_done(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    code, out, err = run(capsys, "check", file_with(tmp_path, "good.yaml", GOOD))
    assert (code, err) == (0, "")
    assert out == "1 object in 1 file: 0 findings (0 mandatory, 0 advisory), 0 unknown\n"


def test_a_bad_file_says_where_what_and_how_to_repair_it(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    file = file_with(tmp_path, "bad.yaml", f"{GOOD}---\n{BAD}")
    code, out, err = run(capsys, "check", file)
    assert (code, err) == (1, "")
    assert f"{file}:5 Deployment orders/web\n" in out
    assert "  POD-010 critical mandatory: the pod sets hostPID to True\n      at:  spec.template.spec.hostPID\n" in out
    assert "      fix: Leave hostNetwork" in out


def test_the_json_has_findings_and_unknown_apart(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    code, document = run_json(capsys, "check", file_with(tmp_path, "bad.yaml", BAD))
    assert code == 1
    [finding] = [finding for finding in document["findings"] if finding["rule"] == "POD-010"]
    assert finding["path"] == "spec.template.spec.hostPID"
    assert finding["level"] == "mandatory"
    assert finding["urn"] == "urn:pulumi:files::manifests::kubernetes:apps/v1:Deployment::orders/web"
    assert document["unknown"] == []
    assert document["objects"] == 1


def test_the_level_follows_from_the_stack(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    file = file_with(tmp_path, "bad.yaml", BAD)
    code, document = run_json(capsys, "check", file, "--stack", "dev")
    assert code == 1
    levels = {finding["rule"]: finding["level"] for finding in document["findings"]}
    assert (levels["POD-009"], levels["POD-010"]) == ("advisory", "mandatory")


def test_a_folder_is_read_with_all_its_files_and_says_what_it_left_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    file_with(tmp_path, "a.yaml", GOOD)
    file_with(tmp_path, "deep/b.yml", BAD)
    file_with(tmp_path, "deep/c.json", json.dumps(_pod("p", "a:latest")))
    values = file_with(tmp_path, "values.yaml", "replicas: 2\n")
    file_with(tmp_path, ".hidden/d.yaml", "not: [yaml")
    file_with(tmp_path, "notes.txt", "not: [yaml")
    file_with(tmp_path, "empty.yaml", "---\n---\n")
    code, document = run_json(capsys, "check", tmp_path)
    assert code == 1
    assert document["objects"] == 3
    assert document["skipped"] == [f"{values}:1"]
    assert {finding["address"] for finding in document["findings"]} == {"Deployment orders/web", "Pod p"}
    _, _, err = run(capsys, "check", tmp_path)
    assert err == f"policies: {values}:1: skipped, no Kubernetes object (apiVersion and kind) and no Pulumi state\n"


@pytest.mark.parametrize("kind", ["List", "PodList"])
def test_the_items_of_a_list_are_checked_one_by_one(capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str):
    items = [_pod("one", "a"), _pod("two", "b")]
    if kind == "PodList":
        items = [{key: value for key, value in item.items() if key not in {"apiVersion", "kind"}} for item in items]
    text = json.dumps({"apiVersion": "v1", "kind": kind, "items": [*items, "nonsense", None]})
    _, document = run_json(capsys, "check", file_with(tmp_path, "list.yaml", text))
    assert document["objects"] == 2
    assert {finding["address"] for finding in document["findings"]} == {"Pod one", "Pod two"}


def test_an_empty_list_is_nothing_to_find(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    file = file_with(tmp_path, "list.yaml", "{apiVersion: v1, kind: List, items: []}")
    assert run(capsys, "check", file)[0] == 0


def test_standard_input_can_be_checked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    code, out, _ = run(capsys, "check", "-")
    assert code == 1
    assert "standard input:1 Deployment orders/web" in out


def test_dates_and_equals_signs_are_text_as_they_are_for_kubernetes(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    file = file_with(tmp_path, "odd.yaml", f"{GOOD}data: {{day: 2026-01-01, not-a-day: 2026-99-99, operator: =}}\n")
    assert run(capsys, "check", file)[0] == 0


@pytest.mark.parametrize("wrap", ["deployment", "checkpoint", "plain"])
def test_a_pulumi_state_is_read(capsys: pytest.CaptureFixture[str], tmp_path: Path, wrap: str):
    resources = [
        {"urn": "urn:pulumi:prod::p::pulumi:pulumi:Stack::p", "type": "pulumi:pulumi:Stack"},
        {"urn": "urn:pulumi:prod::p::platform:x:Y::y", "type": "platform:x:Y", "custom": False},
        {
            "urn": "urn:pulumi:prod::p::kubernetes:core/v1:Pod::web",
            "type": "kubernetes:core/v1:Pod",
            "custom": True,
            "inputs": _pod(
                "web", {**{k: v for k, v in SECRET.items() if k != "ciphertext"}, "plaintext": '"a:latest"'}
            ),
        },
        {
            "urn": "urn:pulumi:prod::p::kubernetes:core/v1:Pod::old",
            "type": "kubernetes:core/v1:Pod",
            "inputs": _pod("old", "a:latest"),
            "delete": True,
        },
    ]
    whole = {
        "deployment": {"version": 3, "deployment": {"manifest": {}, "resources": resources}},
        "checkpoint": {"version": 3, "checkpoint": {"stack": "prod", "latest": {"resources": resources}}},
        "plain": {"resources": resources},
    }[wrap]
    _, document = run_json(capsys, "check", file_with(tmp_path, "state.json", json.dumps(whole)))
    assert document["objects"] == 1
    [finding] = [finding for finding in document["findings"] if finding["rule"] == "POD-008"]
    assert finding["urn"] == "urn:pulumi:prod::p::kubernetes:core/v1:Pod::web"
    assert "'a:latest'" in finding["message"]


@pytest.mark.parametrize("value", [SECRET, "04da6b54-80e4-46f7-96ec-b56ff0331ba9"])
def test_what_is_encrypted_or_not_known_is_unknown_and_fails_only_when_strict(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, value: object
):
    resources = [{"type": "kubernetes:core/v1:Pod", "name": "web", "props": {"spec": value}}]
    file = file_with(tmp_path, "export.json", json.dumps({"resources": resources}))
    code, document = run_json(capsys, "check", file)
    assert code == 0
    assert document["findings"] == []
    assert {f"POD-{number:03}" for number in range(1, 11)} <= {finding["rule"] for finding in document["unknown"]}
    assert all(finding["message"].startswith("UNKNOWN") for finding in document["unknown"])
    assert run(capsys, "check", file, "--strict")[0] == 1
    assert f"{len(document['unknown'])} unknown" in run(capsys, "check", file)[1]


def test_rules_that_wait_for_values_are_one_line_unless_they_count(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    file = file_with(tmp_path, "pod.json", json.dumps(_pod("web", "[unknown]")))
    _, out, _ = run(capsys, "check", file)
    assert "rules wait for values that are not known here: POD-" in out
    assert "(--strict says where)" in out
    assert "UNKNOWN" not in out
    code, out, _ = run(capsys, "check", file, "--strict")
    assert code == 1
    assert "      at:  spec.containers[0].image\n" in out
    assert "rules wait" not in out


def test_the_list_of_unknown_values_beside_what_is_rendered_is_passed_over(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    file_with(tmp_path, "kubernetes/good.yaml", GOOD)
    entry = {"name": "logs", "path": "kmsKeyId", "type": "aws:x:Y", "urn": "urn"}
    file_with(tmp_path, "unknowns.json", json.dumps([entry]))
    assert run(capsys, "check", tmp_path)[::2] == (0, "")


@pytest.mark.parametrize("id_", ["EXC-001", "exc-002", "EXC-003"])
def test_what_is_no_rule_but_may_be_found_is_explained_too(capsys: pytest.CaptureFixture[str], id_: str):
    code, out, _ = run(capsys, "explain", id_)
    assert code == 0
    assert out.startswith(f"{id_.upper()}  A")
    assert run_json(capsys, "explain", id_)[1]["id"] == id_.upper()


@pytest.mark.parametrize("image", ["[unknown]", "registry.example/[unknown]/web:1.0.0"])
def test_what_a_rendering_marks_as_unknown_is_unknown(capsys: pytest.CaptureFixture[str], tmp_path: Path, image: str):
    _, document = run_json(capsys, "check", file_with(tmp_path, "pod.json", json.dumps(_pod("web", image))))
    assert "POD-008" not in {finding["rule"] for finding in document["findings"]}
    assert "POD-008" in {finding["rule"] for finding in document["unknown"]}
    assert {finding["path"] for finding in document["unknown"]} == {"spec.containers[0].image"}


def test_an_empty_stack_export_is_nothing_to_find(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    file = file_with(tmp_path, "state.json", '{"version": 3, "deployment": {"manifest": {}}}')
    assert run(capsys, "check", file)[0] == 0


@pytest.mark.parametrize("name", ["\x1b[2J", "a\nb", "\x7f\x9b", "\ud800"])
def test_a_name_cannot_forge_the_report(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str):
    code, out, _ = run(capsys, "check", file_with(tmp_path, "pod.json", json.dumps(_pod(name, "a:latest"))))
    assert code == 1
    assert name not in out
    assert "Pod \\" in out or "Pod a\\x0ab" in out


def test_an_interrupted_check_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("policies.cli.load_packs", interrupted)
    code, out, err = run(capsys, "check", file_with(tmp_path, "good.yaml", GOOD))
    assert (code, out, err) == (130, "", "policies: interrupted; nothing can be said of what was not checked\n")


def test_the_collector_is_on_again_after_a_check(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    run(capsys, "check", file_with(tmp_path, "good.yaml", GOOD))
    assert gc.isenabled()


def test_wrong_usage_is_exit_2(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stopped:
        main(["check"])
    assert stopped.value.code == 2
    assert "PATH" in capsys.readouterr().err


def test_a_pack_that_does_not_exist_is_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    code, _, err = run(capsys, "check", file_with(tmp_path, "good.yaml", GOOD), "--pack", "nope")
    assert (code, err) == (2, f"policies: there is no policy pack 'nope'; there are: {', '.join(PACKS)}\n")


def test_an_exception_that_is_expired_or_unused_fails_the_check(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    entry = '{rule: POD-010, urn: "*::*:Pod::x", reason: r, owner: o, expires: %s}'
    exceptions = file_with(tmp_path, "exceptions.yaml", f"exceptions: [{entry % '2020-01-01'}, {entry % '2999-01-01'}]")
    good = file_with(tmp_path, "good.yaml", GOOD)
    code, document = run_json(capsys, "check", good, "--exceptions", exceptions)
    assert code == 1
    assert [finding["rule"] for finding in document["findings"]] == ["EXC-001", "EXC-002"]


def test_no_environment_value_appears_in_any_output(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    pod = _pod("web", "a")
    pod["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": "canary-1234"}]
    file = file_with(tmp_path, "pod.yaml", json.dumps(pod))
    outputs = [run(capsys, "check", file), run(capsys, "check", file, "--json")]
    assert all("canary-1234" not in out + err for _, out, err in outputs)
