import errno
import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.errors import ConfigurationError, SandboxError
from sandbox.tools import resolver
from sandbox.tools.cache import cached_path, disk_error, exclusive, install, workspace
from sandbox.tools.download import NotDownloadableError, parse_checksum
from sandbox.tools.platforms import Platform, current_platform
from sandbox.tools.registry import TOOLS, Tool, tool
from sandbox.tools.resolver import chosen_source, resolve, statuses

LINUX = Platform("linux", "amd64")


@pytest.fixture(autouse=True)
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.delenv("SANDBOX_TOOLS_SOURCE", raising=False)
    monkeypatch.setattr(
        resolver, "reports_version", lambda program, wanted: f"is {wanted.version}" in program.read_text()
    )
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


def program(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"is {version}")
    path.chmod(0o755)
    return path


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources that were tried, in order; a build works, a download does not."""
    tried: list[str] = []

    def fetch(_self: object, wanted: Tool, _platform: Platform, _directory: Path, _progress: object) -> Path:
        tried.append(f"download {wanted.name}")
        raise NotDownloadableError("no network")

    def build(wanted: Tool, _platform: Platform, directory: Path, _progress: Callable[[str], None]) -> Path:
        tried.append(f"build {wanted.name}")
        return program(directory / wanted.name, wanted.version)

    monkeypatch.setattr("sandbox.tools.download.Downloader.fetch", fetch)
    monkeypatch.setattr(resolver, "build", build)
    return tried


def test_a_matching_program_on_path_comes_first(tmp_path: Path, sources: list[str]):
    on_path = program(tmp_path / "path" / "etcd", tool("etcd").version)
    program(cached_path(tool("etcd"), LINUX), tool("etcd").version)
    assert resolve(["etcd"], print) == {"etcd": on_path}
    assert sources == []


def test_a_program_of_another_version_is_passed_over(tmp_path: Path, sources: list[str]):
    program(tmp_path / "path" / "etcd", "v3.5.0")
    cached = program(cached_path(tool("etcd"), LINUX), tool("etcd").version)
    assert resolve(["etcd"], print) == {"etcd": cached}


def test_the_assets_of_kubebuilder_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: list[str]):
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    there = program(tmp_path / "assets" / "kubectl", tool("kubectl").version)
    assert resolve(["kubectl"], print) == {"kubectl": there}


def test_what_cannot_be_downloaded_is_built_and_kept(sources: list[str]):
    told: list[str] = []
    path = resolve(["kwok"], told.append)["kwok"]
    assert path == cached_path(tool("kwok"), LINUX)
    assert sources == ["download kwok", "build kwok"]
    assert told == ["no download of kwok: no network"]
    assert resolve(["kwok"], told.append) == {"kwok": path}
    assert sources == ["download kwok", "build kwok"], "the second time it is in the cache"
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith(".work")] == []


def test_a_download_alone_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, sources: list[str]):
    monkeypatch.setenv("SANDBOX_TOOLS_SOURCE", "download")
    with pytest.raises(SandboxError, match=r"etcd v\S+ cannot be downloaded: no network") as caught:
        resolve(["etcd"], print)
    assert "SANDBOX_TOOLS_SOURCE=auto" in str(caught.value)
    assert sources == ["download etcd"]


def test_a_build_alone_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, sources: list[str]):
    monkeypatch.setenv("SANDBOX_TOOLS_SOURCE", "build")
    resolve(["etcd"], print)
    assert sources == ["build etcd"]


def test_an_unknown_source_is_refused_with_the_choices(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SANDBOX_TOOLS_SOURCE", "guess")
    with pytest.raises(ConfigurationError, match="SANDBOX_TOOLS_SOURCE is 'guess'") as caught:
        chosen_source()
    assert "auto, download, build" in str(caught.value)


def test_a_program_that_is_not_what_it_should_be_is_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SANDBOX_TOOLS_SOURCE", "build")
    monkeypatch.setattr(
        resolver, "build", lambda _tool, _platform, directory, _progress: program(directory / "x", "v0")
    )
    with pytest.raises(SandboxError, match="does not say that it is"):
        resolve(["etcd"], print)
    assert not cached_path(tool("etcd"), LINUX).exists()


def test_statuses_say_where_each_tool_is_or_how_to_get_it(tmp_path: Path, sources: list[str]):
    program(tmp_path / "path" / "kubectl", tool("kubectl").version)
    program(cached_path(tool("etcd"), LINUX), tool("etcd").version)
    said = {status.name: status for status in statuses()}
    assert said.keys() == {wanted.name for wanted in TOOLS}
    assert said["kubectl"].origin == "PATH"
    assert said["etcd"].origin == "cache"
    assert (said["kwok"].origin, said["kwok"].path) == ("missing", None)
    assert said["kwok"].how == "go build sigs.k8s.io/kwok/cmd/kwok (module sandbox/tools/kwok)"
    assert said["kube-apiserver"].how.startswith("download https://dl.k8s.io/release/")
    assert sources == [], "nothing is built or downloaded"


def test_an_empty_file_in_the_cache_is_no_program(sources: list[str]):
    program(cached_path(tool("etcd"), LINUX), "").write_text("")
    assert resolve(["etcd"], print)["etcd"].read_text()
    assert sources == ["download etcd", "build etcd"]


@pytest.mark.parametrize(
    ("system", "machine"), [("Windows", "AMD64"), ("Linux", "riscv64"), ("FreeBSD", "amd64"), ("Darwin", "arm64")]
)
def test_a_platform_that_is_not_supported_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str
):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(SandboxError, match=f"does not run on {system} {machine}"):
        current_platform()


@pytest.mark.parametrize(("machine", "arch"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("arm64", "arm64")])
def test_supported_platforms_have_gos_names(monkeypatch: pytest.MonkeyPatch, machine: str, arch: str):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert str(current_platform()) == f"linux-{arch}"


DIGEST = "ab" * 32


@pytest.mark.parametrize(
    "text",
    [
        DIGEST,
        f"{DIGEST}\n",
        f"{DIGEST.upper()}  x.tar.gz",
        f"{'cd' * 32}  other\n{DIGEST} *x.tar.gz",
        f"{DIGEST}  ./x.tar.gz",
    ],
)
def test_a_checksum_is_read_from_a_bare_file_or_from_its_line(text: str):
    assert parse_checksum(text, "x.tar.gz", "https://host/sums") == DIGEST


@pytest.mark.parametrize("text", ["", "<html>", DIGEST[:-1], f"{DIGEST}  other", f"{DIGEST}\n{DIGEST}", "zz" * 32])
def test_a_checksum_file_that_does_not_name_the_file_is_no_proof(text: str):
    with pytest.raises(NotDownloadableError, match=r"has no SHA-256 of x\.tar\.gz"):
        parse_checksum(text, "x.tar.gz", "https://host/sums")


def test_a_full_disk_and_a_directory_without_permission_are_told_apart(tmp_path: Path):
    assert "The disk is full" in str(disk_error(OSError(errno.ENOSPC, "No space left on device"), tmp_path))
    assert "Permission denied" in str(disk_error(PermissionError(errno.EACCES, "Permission denied"), tmp_path))


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match="Cannot write to the cache"), workspace(tmp_path / "file" / "deep"):
        pass
    with (
        pytest.raises(SandboxError, match="Cannot write to the cache"),
        exclusive(tmp_path / "file" / "x", print, what="x"),
    ):
        pass


def test_a_program_that_cannot_be_moved_to_its_place_is_named(tmp_path: Path):
    with pytest.raises(SandboxError, match="Cannot write to the cache"):
        install(program(tmp_path / "x", "v1"), tmp_path / "gone" / "x")
