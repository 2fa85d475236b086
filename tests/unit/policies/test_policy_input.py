import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.policy_command import BAD, GOOD, file_with, run, run_json


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("bad.yaml", "a: 1\nb: [1, 2\nc: 3\n", r"bad.yaml:3: is not YAML"),
        ("bad.yaml", "apiVersion: v1\n\tkind: Pod\n", r"bad.yaml:2: is not YAML"),
        (
            "bad.yaml",
            "a: !!python/object:os.system {}\n",
            r"bad.yaml:1: is not YAML: could not determine a constructor",
        ),
        ("bad.yaml", "a: \x00", "bad.yaml:1: "),
        ("bad.yaml", "? [a]\n: b\n", r"bad.yaml:1: is not YAML"),
        ("bad.yaml", "a: " + "[" * 100000 + "]" * 100000, r"bad.yaml:\d+: is nested more than 300 levels deep"),
        ("bad.yaml", "- " * 100000, "bad.yaml:1: is nested more than 300 levels deep"),
        ("bad.yaml", "? " * 100000, "bad.yaml:1: is nested more than 300 levels deep"),
        (
            "list.yaml",
            "{apiVersion: v1, kind: List, items: &all [{apiVersion: v1, kind: List, items: *all}]}",
            "an alias stands for something that it is a part of",
        ),
        ("bad.json", '{"a": 1,\n "b": }', r"bad.json:2: is not JSON: Expecting value"),
        ("bad.json", '{"a": ' + "[" * 100000, "bad.json:1: cannot be read as JSON"),
        ("bad.json", '{"resources": [{"urn": "u"}]}', r"bad.json: resources\[0\] has no 'type'"),
        ("values.yaml", "replicas: 2\n", r"values.yaml:1: is no Kubernetes object \(apiVersion and kind\)"),
        ("list.yaml", "- 1\n", r"list.yaml:1: is no Kubernetes object"),
        ("half.yaml", "kind: Pod\napiVersion: 1\n", r"half.yaml:1: is no Kubernetes object"),
    ],
)
def test_input_that_cannot_be_used_is_exit_2_with_file_and_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, text: str, message: str
):
    code, out, err = run(capsys, "check", file_with(tmp_path, name, text))
    assert (code, out) == (2, "")
    assert err.startswith("policies: ")
    assert err.count("\n") == 1
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(err)


def test_brackets_in_text_are_not_taken_for_nesting(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    file = file_with(tmp_path, "text.yaml", f"{GOOD}data: {{text: '{'[' * 2000}'}}\n")
    assert run(capsys, "check", file)[0] == 0


def test_bytes_that_are_no_text_are_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"a: \xff\xfe")
    code, _, err = run(capsys, "check", file)
    assert code == 2
    assert f"{file}:1: is not text as YAML may hold it: " in err
    assert "save it as UTF-8" in err


@pytest.mark.parametrize(
    "text",
    [
        "kind: Pod\nmetadata:\n  name: {{ .Release.Name }}-x\n",
        "{{- if .Values.enabled }}\nkind: Pod\n{{- end }}\n",
        'metadata:\n  labels:\n{{ include "labels" . | indent 4 }}\n',
    ],
)
def test_a_template_of_a_chart_is_named_as_one(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str):
    code, _, err = run(capsys, "check", file_with(tmp_path, "templates/pod.yaml", text))
    assert code == 2
    assert "it is a template: check what is rendered, as in 'helm template CHART | policies check -'" in err


def test_a_template_of_an_alert_is_not_taken_for_one_of_a_chart(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    text = "summary: '{{ $labels.pod }} is down'\nb: [\n"
    assert "; correct that line\n" in run(capsys, "check", file_with(tmp_path, "alert.yaml", text))[2]


def test_a_tab_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    code, _, err = run(capsys, "check", file_with(tmp_path, "tab.yaml", "kind: Pod\nmetadata:\n\tname: x\n"))
    assert code == 2
    assert "tab.yaml:3: " in err
    assert "the line is indented by a tab, and YAML takes blanks only" in err


@pytest.mark.parametrize("anchor", ["", "anchored: &a 1\n"])
def test_a_key_that_stands_twice_is_told_and_the_last_one_counts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, anchor: str
):
    text = f"{anchor}apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n  name: two\ndata: {{a: x, a: y}}\n"
    file = file_with(tmp_path, "twice.yaml", text)
    first = 5 + anchor.count("\n")
    notes = [
        f"{file}:{first}: the key 'name' stands there again; the last one counts",
        f"{file}:{first + 1}: the key 'a' stands there again; the last one counts",
    ]
    code, _, err = run(capsys, "check", file)
    assert (code, err.splitlines()) == (0, [f"policies: {note}" for note in notes])
    assert run_json(capsys, "check", file)[1]["notes"] == notes


@pytest.mark.parametrize("text", ["", "---\n---\n", "# nothing\n"])
def test_a_file_with_nothing_in_it_is_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str):
    file = file_with(tmp_path, "empty.yaml", text)
    for path in (file, tmp_path):
        code, out, err = run(capsys, "check", path)
        assert (code, out) == (2, "")
        assert err == f"policies: {path}: holds no Kubernetes object and no Pulumi state, so nothing was checked\n"
    assert run(capsys, "check", file, file_with(tmp_path, "good.yaml", GOOD))[0] == 0


def test_nothing_on_standard_input_is_exit_2(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    code, _, err = run(capsys, "check", "-")
    assert code == 2
    assert err == "policies: standard input: holds no Kubernetes object and no Pulumi state, so nothing was checked\n"


def test_an_empty_path_is_exit_2(capsys: pytest.CaptureFixture[str]):
    assert run(capsys, "check", "") == (2, "", "policies: a path is empty; is a variable not set?\n")


def test_a_folder_that_cannot_be_read_is_exit_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file_with(tmp_path, "good.yaml", GOOD)
    file_with(tmp_path, "closed/bad.yaml", BAD)
    scandir = os.scandir

    def closed(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", closed)
    code, out, err = run(capsys, "check", tmp_path)
    assert (code, out, err) == (2, "", f"policies: {tmp_path / 'closed'}: cannot be read: Permission denied\n")


def test_a_kustomization_without_a_kind_is_left_out(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    file_with(tmp_path, "good.yaml", GOOD)
    file = file_with(tmp_path, "kustomization.yaml", "resources: [good.yaml]\n")
    code, _, err = run(capsys, "check", tmp_path)
    assert code == 0
    assert err.startswith(f"policies: {file}:1: skipped")


def test_a_state_of_another_tool_is_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    state = {"version": 4, "resources": [{"mode": "managed", "type": "aws_s3_bucket", "name": "logs"}]}
    file = file_with(tmp_path, "terraform.json", json.dumps(state))
    code, _, err = run(capsys, "check", file)
    assert code == 2
    assert "resources[0] has the type 'aws_s3_bucket', which is none of Pulumi's (package:module:Type)" in err


def test_a_state_that_refers_to_itself_is_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    file = file_with(tmp_path, "state.yaml", "resources: &all\n  - type: a\n    inputs: {again: *all}\n")
    code, _, err = run(capsys, "check", file)
    assert (code, err) == (
        2,
        f"policies: {file}:1: an alias stands for something that it is a part of; write out what is meant\n",
    )


def test_a_path_that_does_not_exist_is_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    code, _, err = run(capsys, "check", tmp_path / "none.yaml")
    assert (code, err) == (2, f"policies: {tmp_path / 'none.yaml'}: cannot be read: No such file or directory\n")


def test_a_folder_with_nothing_to_check_is_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    code, _, err = run(capsys, "check", tmp_path)
    assert code == 2
    assert "holds no .yaml, .yml or .json file" in err
