import json
import stat
from pathlib import Path

import pytest

from sandbox.control_plane.endpoints import Endpoints, read_endpoints, write_json
from sandbox.errors import SandboxError


def endpoints(root: Path) -> Endpoints:
    return Endpoints(
        name="local",
        root=root,
        api_url="https://127.0.0.1:1",
        ca_path=root / "ca.crt",
        client_cert_path=root / "admin.crt",
        client_key_path=root / "admin.key",
        kubeconfig_path=root / "kubeconfig",
        moto_url="http://127.0.0.1:2",
        boot_ids={"moto": "abc"},
        pids={"supervisor": 1},
        versions={"etcd": "v3"},
    )


def test_endpoints_survive_a_round_trip_through_their_file(tmp_path: Path):
    file = tmp_path / "endpoints.json"
    write_json(file, endpoints(tmp_path).to_json())
    assert read_endpoints(file) == endpoints(tmp_path)


def test_the_file_is_for_its_owner_alone(tmp_path: Path):
    file = tmp_path / "endpoints.json"
    write_json(file, {})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"name": "x"}'])
def test_a_file_that_cannot_be_understood_counts_as_none(tmp_path: Path, text: str):
    file = tmp_path / "endpoints.json"
    file.write_text(text)
    assert read_endpoints(file) is None


def test_a_field_of_another_version_counts_as_none(tmp_path: Path):
    file = tmp_path / "endpoints.json"
    file.write_text(json.dumps({**endpoints(tmp_path).to_json(), "unheard_of": 1}))
    assert read_endpoints(file) is None


def test_a_file_that_cannot_be_written_is_told_with_its_path_and_leaves_nothing(tmp_path: Path):
    missing = tmp_path / "gone" / "endpoints.json"
    with pytest.raises(SandboxError, match=r"Cannot write endpoints\.json") as caught:
        write_json(missing, {})
    assert str(missing) in str(caught.value)


def test_a_value_that_is_not_json_leaves_the_old_file_in_place(tmp_path: Path):
    file = tmp_path / "x.json"
    write_json(file, {"a": 1})
    with pytest.raises(TypeError):
        write_json(file, {"a": object()})
    assert json.loads(file.read_text()) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.json"]
