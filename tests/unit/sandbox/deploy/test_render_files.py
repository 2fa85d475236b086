import json
from pathlib import Path

import pytest
import yaml

from sandbox.cli.main import main
from sandbox.deploy.render import write
from sandbox.engine.events import StepPlanned
from sandbox.errors import ConfigurationError, SandboxError


def _urn(type: str, name: str) -> str:
    return f"urn:pulumi:local::proj::{type}::{name}"


def _step(type: str, name: str, inputs: dict, *, custom: bool = True) -> StepPlanned:
    return StepPlanned("create", _urn(type, name), type, "", custom=custom, inputs=inputs)


MAP = _step(
    "kubernetes:core/v1:ConfigMap",
    "map",
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "apps"},
        "data": {"a": "1"},
    },
)
SPACE = _step(
    "kubernetes:core/v1:Namespace",
    "space",
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps"}},
)
BUCKET = _step("aws:s3/bucket:Bucket", "bucket", {"bucket": "b", "kmsKeyId": "[unknown]"})


def test_each_object_is_one_file_named_by_namespace_kind_and_name(tmp_path: Path) -> None:
    counts = write([MAP, SPACE, BUCKET], tmp_path / "out")
    assert counts == {"kubernetes": 2, "aws": 1, "unknown": 1}
    names = {path.name for path in (tmp_path / "out" / "kubernetes").iterdir()}
    assert names == {"apps.ConfigMap.settings.yaml", "cluster.Namespace.apps.yaml"}
    written = yaml.safe_load((tmp_path / "out" / "kubernetes" / "apps.ConfigMap.settings.yaml").read_text())
    assert written == MAP.inputs


def test_aws_resources_are_in_the_shape_of_a_stack_export_and_unknown_values_are_listed(tmp_path: Path) -> None:
    write([MAP, BUCKET], tmp_path)
    export = json.loads((tmp_path / "aws.json").read_text())
    (resource,) = export["deployment"]["resources"]
    assert export["version"] == 3
    assert (resource["type"], resource["urn"]) == ("aws:s3/bucket:Bucket", BUCKET.urn)
    (unknown,) = json.loads((tmp_path / "unknowns.json").read_text())
    assert (unknown["urn"], unknown["path"]) == (BUCKET.urn, "kmsKeyId")


def test_a_second_rendering_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    write([MAP, SPACE], tmp_path)
    write([SPACE], tmp_path)
    assert [path.name for path in (tmp_path / "kubernetes").iterdir()] == ["cluster.Namespace.apps.yaml"]


def test_a_folder_with_other_files_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="not empty"):
        write([MAP], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_what_cannot_be_written_is_told_with_its_place(tmp_path: Path) -> None:
    write([MAP], tmp_path / "out")
    (tmp_path / "out" / "aws.json").unlink()
    (tmp_path / "out" / "aws.json").mkdir()
    with pytest.raises(SandboxError, match="cannot be written") as caught:
        write([MAP], tmp_path / "out")
    assert caught.value.where == str(tmp_path / "out" / "aws.json")
    assert caught.value.exit_code == 1


def test_a_folder_that_cannot_be_one_is_refused_before_anything_is_rendered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    for folder, reason in [("file", "is a file"), ("file/out", "is a file"), ("x" * 300, "File name too long")]:
        assert main(["render", "--out", str(tmp_path / folder)]) == 2
        assert reason in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == ""
