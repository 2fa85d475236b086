"""The programs of others that benchmarks and tests compare with, each pinned and made on first use."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from sandbox.tools.cache import cache_root, cached_path, exclusive, install, is_program, workspace
from sandbox.tools.gobuild import build
from sandbox.tools.platforms import current_platform
from sandbox.tools.registry import Tool

_ROOT = Path(__file__).resolve().parents[1]
_CHECKOV_LOCK = _ROOT / "locks" / "checkov.txt"

CONFTEST = Tool(
    name="conftest",
    version="v0.71.0",
    module=str(_ROOT / "bench" / "tools" / "conftest"),
    package="github.com/open-policy-agent/conftest",
    ldflags="-s -w",
    version_args=("--version",),
    release=None,
    optional=True,
)

KUBE_SCORE = Tool(
    name="kube-score",
    version="v1.20.0",
    module=str(_ROOT / "bench" / "tools" / "kube-score"),
    package="github.com/zegl/kube-score/cmd/kube-score",
    ldflags="-s -w",
    version_args=("version",),
    release=None,
    optional=True,
)


def checkov() -> Path:
    """The program `checkov` in an environment of its own, since its dependencies clash with those of the project."""
    name = f"checkov-{hashlib.sha256(_CHECKOV_LOCK.read_bytes()).hexdigest()[:12]}"
    target = cache_root() / "bench" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    ready = target / ".ready"
    with exclusive(target, _progress, what=name):
        if not ready.exists():
            _progress("installing checkov from locks/checkov.txt (about a minute)")
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(target)], check=True)
            pip = [str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "--require-hashes", "-r", str(_CHECKOV_LOCK)], check=True)
            ready.touch()
    return target / "bin" / "checkov"


def conftest() -> Path:
    """The program `conftest`, built from its Go module as the sandbox's tools are."""
    return _built(CONFTEST)


def kube_score() -> Path:
    """The program `kube-score`, built in the same way."""
    return _built(KUBE_SCORE)


def _built(tool: Tool) -> Path:
    platform = current_platform()
    target = cached_path(tool, platform)
    target.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(target, _progress, what=tool.name):
        if not is_program(target):
            with workspace(target.parent) as directory:
                install(build(tool, platform, directory, _progress), target)
    return target


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
