import hashlib
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.tools.cache import Progress, cache_root, exclusive, workspace

LOCKS = Path(__file__).resolve().parents[2] / "locks"


def wheels(name: str, progress: Progress, *, lock: Path | None = None, fix: str = "") -> Path:
    """The folder with what a lock pins, installed into the cache when it is not there yet.

    Only the sandbox's own interpreter installs there, so the folder can be put on its ``PYTHONPATH``. Another lock is
    another folder: a run of an older checkout keeps its own.

    Args:
        name: What it is.
        progress: Told when something is installed.
        lock: Its lock; by default ``locks/<name>.txt``.
        fix: What else would do, for the message when it cannot be installed.

    Raises:
        SandboxError: There is no lock, no installer, no network, or no wheel for this platform.
    """
    lock = lock or LOCKS / f"{name}.txt"
    target = _place(name, lock)
    title = f"what {lock.parent.name}/{lock.name} pins"
    if target.is_dir():
        return target
    with exclusive(target, progress, what=title):
        if not target.is_dir():
            progress(f"installing {title}")
            with workspace(target.parent) as temporary:
                made = temporary / "wheels"
                _install(lock, made, title, fix)
                made.replace(target)
    return target


def _place(name: str, lock: Path) -> Path:
    try:
        content = lock.read_bytes()
    except OSError as error:
        raise SandboxError(f"The lock of {name} is missing", where=str(lock)) from error
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return cache_root() / "wheels" / f"{name}-{python}-{hashlib.sha256(content).hexdigest()[:12]}"


def _install(lock: Path, target: Path, title: str, fix: str) -> None:
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--target", str(target), "-r", str(lock)]
    answer = subprocess.run([*installer(), *options], capture_output=True, text=True, check=False)
    if answer.returncode:
        last = (answer.stderr.strip().splitlines() or ["no message"])[-1]
        other = f"{fix}, or " if fix else ""
        raise SandboxError(
            f"Cannot install {title}: {last}",
            where=str(lock),
            fix=f"{other}let this machine reach the Python package registry",
        )


def installer() -> list[str]:
    """How wheels are installed here: by uv where there is one (it is several times faster), else by pip.

    Raises:
        SandboxError: There is neither.
    """
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", sys.executable]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    raise SandboxError(
        "There is neither uv nor pip to install wheels with", fix="run `make install`, which puts uv into .venv"
    )
