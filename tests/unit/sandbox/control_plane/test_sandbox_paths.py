from pathlib import Path

import pytest

from sandbox.errors import ConfigurationError
from sandbox.paths import SandboxPaths, project_root, validate_name


@pytest.mark.parametrize("name", ["a", "local", "pr-12", "0", "a" * 40])
def test_a_dns_label_is_a_name(name: str):
    assert validate_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a.b", "a/b", "..", "a b", "ä", "a\n"])
def test_anything_else_is_refused_with_the_name_and_the_rule(name: str):
    with pytest.raises(ConfigurationError, match="not a DNS label") as caught:
        validate_name(name)
    assert repr(name) in str(caught.value)


def test_a_name_that_is_too_long_is_refused_with_its_length_and_the_limit():
    with pytest.raises(ConfigurationError, match="has 41 characters; the limit is 40"):
        validate_name("a" * 41)


def test_every_file_of_a_sandbox_is_below_its_own_directory(tmp_path: Path):
    paths = SandboxPaths.of("local", tmp_path)
    assert paths.home == tmp_path / ".sandbox" / "local"
    for path in (
        paths.endpoints_file,
        paths.status_file,
        paths.spec_file,
        paths.supervisor_lock,
        paths.pki,
        paths.kubeconfig,
        paths.etcd_data,
        paths.volumes,
        paths.logs,
        paths.config,
    ):
        assert path.is_relative_to(paths.home)


def test_the_start_lock_outlives_the_directory_that_it_protects(tmp_path: Path):
    paths = SandboxPaths.of("local", tmp_path)
    assert not paths.start_lock.is_relative_to(paths.home)


def test_the_project_is_this_checkout_unless_the_environment_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("SANDBOX_ROOT", raising=False)
    assert (project_root() / "sandbox" / "paths.py").is_file()
    monkeypatch.setenv("SANDBOX_ROOT", str(tmp_path))
    assert project_root() == tmp_path.resolve()
