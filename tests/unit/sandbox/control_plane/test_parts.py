import json
from pathlib import Path

import pytest
import yaml

from sandbox.control_plane.kwok import STAGES, kwok_config
from sandbox.control_plane.layout import Layout
from sandbox.control_plane.part import PORTS
from sandbox.control_plane.pki import Pki
from sandbox.paths import SandboxPaths
from sandbox.tools import CONTROL_PLANE_TOOLS


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    paths = SandboxPaths.of("unit", tmp_path)
    paths.config.mkdir(parents=True)
    tools = {name: tmp_path / "bin" / name for name in CONTROL_PLANE_TOOLS}
    return Layout(paths, Pki(paths.pki), tools, {"etcd": 1001, "api": 1002, "moto": 1003})


def test_every_address_on_a_command_line_is_loopback(layout: Layout):
    for part in layout.parts():
        for word in part.command:
            assert "0.0.0.0" not in word
            if "://" in word and "kubernetes.default" not in word:
                assert "//127.0.0.1:" in word


def test_nothing_of_the_users_environment_reaches_a_part(layout: Layout, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "precious")
    monkeypatch.setenv("KUBECONFIG", "/precious")
    for part in layout.parts():
        assert "precious" not in json.dumps(part.environment)
        assert "KUBECONFIG" not in part.environment


def test_only_the_three_servers_have_ports_and_each_has_its_own(layout: Layout):
    assert [part.port for part in layout.parts() if part.port] == list(PORTS)


def test_etcd_takes_only_clients_with_a_certificate(layout: Layout):
    etcd = layout.parts()[0]
    assert "--client-cert-auth" in etcd.command
    assert any(word.startswith("--listen-client-urls=https://") for word in etcd.command)


def test_programs_sign_what_they_write_with_their_plain_names(layout: Layout):
    titles = {part.name: part.title for part in layout.parts()}
    assert titles.pop("moto") == "", "an interpreter finds its packages by its path"
    assert all(name == title for name, title in titles.items())


def test_another_port_changes_the_command_of_exactly_those_that_use_it(layout: Layout):
    moved = Layout(layout.paths, layout.pki, layout.tools, {**layout.ports, "api": 2002})
    changed = [new.name for old, new in zip(layout.parts(), moved.parts(), strict=True) if old != new]
    assert changed == ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]


def test_configuration_files_name_the_server_and_the_certificates(layout: Layout):
    layout.write_configuration()
    kubeconfig = yaml.safe_load(layout.paths.kubeconfig.read_text())
    assert kubeconfig["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1002"
    assert kubeconfig["current-context"] == "sandbox-unit"
    assert layout.paths.kubeconfig.stat().st_mode & 0o777 == 0o600


def test_only_what_keeps_nothing_gets_a_new_boot_id_with_each_start(layout: Layout):
    assert [part.name for part in layout.parts() if part.forgets] == ["moto"]


def test_every_stage_is_a_named_document_of_kwok():
    documents = list(yaml.safe_load_all(kwok_config()))
    names = [document["metadata"]["name"] for document in documents]
    assert len(names) == len(set(names))
    assert {document["kind"] for document in documents} == {"Stage"}
    kinds = {document["spec"]["resourceRef"]["kind"] for document in documents}
    assert kinds == {"Node", "Pod", "Service", "Ingress"}


def test_the_stages_are_found_beside_the_code():
    assert sorted(path.name for path in STAGES.glob("*.yaml")) == [
        "addresses.yaml",
        "node.yaml",
        "pod-trouble.yaml",
        "pod.yaml",
    ]
