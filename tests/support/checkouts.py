"""Small git repositories made for a test, whatever the machine's own git configuration is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

PROJECT = "name: shop\nruntime: python\nmain: infra\n"

_ENGINE = """
import os, sys, time
from dataclasses import dataclass, field
@dataclass
class Step:
    op: str = "create"
    urn: str = "urn:pulumi:prod::shop::a:b:C::x"
    type: str = "a:b:C"
    parent: str = ""
    inputs: dict = field(default_factory=dict)
    later: str = "a field of another version"
@dataclass
class Diagnostic:
    message: str
    severity: str = "error"
@dataclass
class Finding:
    rule: str = "X-1"
    level: str = "mandatory"
    mandatory: bool = True
    urn: str = ""
    path: str = ""
    message: str = "no"
    remedy: str = "mend"
class Ended:
    summary = {"create": 1}
    outputs = {"monthlyCost": None}
class Report:
    ok, ended, steps, findings, diagnostics = True, Ended(), [], [], []
class EmbeddedEngine:
    def __init__(self, environment): pass
    def render(self, listen):
        report = Report()
        {body}
        return report
"""

_PACKS = """
class Exceptions:
    entries = []
class load_packs:
    rules = {"X-1": 1}
    exceptions = Exceptions
"""

_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{
        f"GIT_{who}_{what}": f"tester{'@localhost' if what == 'EMAIL' else ''}"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
}


def git(root: Path, *arguments: str) -> str:
    """Run git there and return what it printed."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False, env=kept | _ENVIRONMENT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def commit(root: Path, subject: str, files: Mapping[str, str]) -> str:
    """Write files, commit everything and return the commit."""
    write(root, files)
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "-m", subject)
    return git(root, "rev-parse", "HEAD")


def repository(root: Path) -> Path:
    """Make a repository with one commit on main: a project with the stack prod."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    files = {
        "Pulumi.yaml": PROJECT,
        "Pulumi.prod.yaml": "config: {size: 1}\n",
        ".gitignore": ".sandbox/\n__pycache__/\n",
    }
    commit(root, "Begin", files)
    return root


def tree(root: Path, body: str) -> Path:
    """A tree whose own `sandbox` package renders as the body says."""
    write(
        root,
        {
            "sandbox/__init__.py": "",
            "sandbox/errors.py": "class SandboxError(Exception): pass",
            "sandbox/paths.py": "class SandboxPaths:\n    of = staticmethod(lambda *a: None)",
            "sandbox/project.py": "load_project = lambda root: root",
            "sandbox/deploy/__init__.py": "",
            "sandbox/deploy/environment.py": "Environment = lambda *a: a",
            "sandbox/deploy/embedded.py": _ENGINE.replace("{body}", body),
            "policies/__init__.py": "",
            "policies/runtime.py": _PACKS,
        },
    )
    return root
