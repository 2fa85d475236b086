from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.errors import ConfigurationError
from sandbox.project import load_project, load_stack

# The passphrase, salt and value of Pulumi's own test; see test_passphrase.py.
SALT = "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ=="
SECURE = SALT.split(":", 2)[2]
RIGHT = {"PULUMI_CONFIG_PASSPHRASE": "password"}


def project(folder: Path, stack: str = "", name: str = "name: proj\nmain: infra\n") -> Path:
    (folder / "Pulumi.yaml").write_text(name)
    (folder / "Pulumi.dev.yaml").write_text(stack)
    return folder


def test_a_project_knows_its_name_folder_and_stacks(tmp_path: Path) -> None:
    found = load_project(project(tmp_path))
    (tmp_path / "Pulumi.prod.yaml").write_text("")
    assert (found.name, found.main, found.stacks()) == ("proj", "infra", ["dev", "prod"])


def test_configuration_is_read_as_the_sdk_wants_it(tmp_path: Path) -> None:
    text = f"""encryptionsalt: {SALT}
config:
  proj:text: hello
  bare: 3
  aws:region: eu-west-1
  proj:tree: {{brokers: 3, tls: true}}
  proj:password: {{secure: "{SECURE}"}}
  proj:mixed: {{user: me, password: {{secure: "{SECURE}"}}}}
"""
    found = load_stack(load_project(project(tmp_path, text)), "dev", environment=RIGHT)

    assert found.values["proj:text"] == "hello"
    assert found.values["proj:bare"] == "3"
    assert found.values["aws:region"] == "eu-west-1"
    assert json.loads(found.values["proj:tree"]) == {"brokers": 3, "tls": True}
    assert found.values["proj:password"] == "pulumi"
    assert json.loads(found.values["proj:mixed"]) == {"user": "me", "password": "pulumi"}
    assert found.secret_keys == ["proj:password", "proj:mixed"]


def test_overrides_reach_into_trees_and_change_nothing_else(tmp_path: Path) -> None:
    text = "config:\n  proj:operators: {mode: install, extra: 1}\n"
    overrides = {"operators.mode": "crds-only", "fresh.deep.value": 2, "plain": "x", "flag": True}
    read = load_stack(load_project(project(tmp_path, text)), "dev", environment={})
    found = read.with_changes("proj", overrides)

    assert json.loads(found.values["proj:operators"]) == {"mode": "crds-only", "extra": 1}
    assert json.loads(found.values["proj:fresh"]) == {"deep": {"value": 2}}
    assert found.values["proj:plain"] == "x"
    assert found.values["proj:flag"] == "true"


def test_an_override_inside_something_that_is_no_mapping_is_refused_by_key(tmp_path: Path) -> None:
    text = "config:\n  proj:operators: install\n  proj:list: [1]\n"
    for key in ("operators.mode", "list.mode"):
        read = load_stack(load_project(project(tmp_path, text)), "dev", environment={})
        with pytest.raises(ConfigurationError, match="no mapping") as caught:
            read.with_changes("proj", {key: "x"})
        assert key in str(caught.value)


def test_a_secret_that_an_override_reaches_into_stays_secret(tmp_path: Path) -> None:
    text = f'encryptionsalt: {SALT}\nconfig:\n  proj:db: {{password: {{secure: "{SECURE}"}}}}\n'
    read = load_stack(load_project(project(tmp_path, text)), "dev", environment=RIGHT)
    found = read.with_changes("proj", {"db.size": 1})
    assert json.loads(found.values["proj:db"]) == {"password": "pulumi", "size": 1}
    assert found.secret_keys == ["proj:db"]


def test_a_stack_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no stack 'prod'") as caught:
        load_stack(load_project(project(tmp_path)), "prod")
    assert "dev" in caught.value.fix


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no Pulumi\.yaml here"):
        load_project(tmp_path)


def test_a_project_without_a_name_is_refused_by_field(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="has no name") as caught:
        load_project(project(tmp_path, name="main: infra\n"))
    assert caught.value.where == "Pulumi.yaml: name"


def test_a_key_that_is_there_twice_is_refused_by_line(tmp_path: Path) -> None:
    text = "config:\n  shop:streaming: {brokers: 1}\n  shop:streaming: {brokers: 3}\n"
    with pytest.raises(ConfigurationError, match="the key 'shop:streaming' is there twice") as caught:
        load_stack(load_project(project(tmp_path, text)), "dev")
    assert caught.value.where == "Pulumi.dev.yaml, line 3"


def test_broken_yaml_is_refused_by_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not valid YAML") as caught:
        load_stack(load_project(project(tmp_path, "config:\n  a: 1\n  b: [1\nc: 2\n")), "dev")
    assert caught.value.where.startswith("Pulumi.dev.yaml, line ")


@pytest.mark.parametrize("text", ["- a\n- b\n", "config: [1]\n"])
def test_a_file_or_config_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="not a mapping"):
        load_stack(load_project(project(tmp_path, text)), "dev")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError):
        load_stack(load_project(tmp_path), "dev")
