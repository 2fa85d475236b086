"""Both sides rendered at the same time, each in a child process by its own code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.deathsignal import die_with_parent
from sandbox.deploy.compare.child import NO_RENDER
from sandbox.engine.events import PolicyFinding, StepPlanned
from sandbox.errors import SandboxError

_CHILD = Path(__file__).with_name("child.py")
_SECONDS = 300
"""How long a rendering may take: that of prod takes about 4 s on 2 cores."""

_TAIL = 4000
"""Characters of what a failed rendering printed that are repeated."""


@dataclass(frozen=True)
class Rendering:
    """A stack as one side declares it, secrets masked.

    Attributes:
        steps: every resource by URN.
        findings: what the side's policy packs found.
        outputs: the stack's outputs.
        rules: the ids of the side's policy rules.
        excused: what the side's exceptions excuse: rule, URN pattern, reason, last day.
    """

    steps: Mapping[str, StepPlanned] = field(default_factory=dict)
    findings: Sequence[PolicyFinding] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    rules: frozenset[str] = frozenset()
    excused: frozenset[tuple[str, ...]] = frozenset()


@dataclass(frozen=True)
class Side:
    """One of the two trees.

    Attributes:
        title: how messages call it (`the base main`).
        root: its project folder.
    """

    title: str
    root: Path


def render(sides: Sequence[Side], stack: str, *, seconds: float = _SECONDS) -> list[Rendering]:
    """Render a stack as each side declares it.

    Args:
        sides: the trees.
        stack: the stack.
        seconds: how long all of it may take.

    Raises:
        SandboxError: a side cannot be rendered; says which, and what it printed.
    """
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        places = [Path(folder, str(index)) for index in range(len(sides))]
        with _started(sides, stack, places) as children:
            deadline = time.monotonic() + seconds
            for side, child, place in zip(sides, children, places, strict=True):
                try:
                    code = child.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired as error:
                    raise SandboxError(
                        f"{side.title} was not rendered within {seconds:.0f} s{_printed(place)}",
                        fix=f"see why with: sandbox render --stack {stack} --out <folder>",
                    ) from error
                if code:
                    raise _failure(side, stack, code, place)
        return [_read(side, stack, place) for side, place in zip(sides, places, strict=True)]


@contextmanager
def _started(sides: Sequence[Side], stack: str, places: Sequence[Path]) -> Iterator[list[subprocess.Popen[bytes]]]:
    children: list[subprocess.Popen[bytes]] = []
    try:
        for side, place in zip(sides, places, strict=True):
            with place.with_suffix(".log").open("wb") as log:
                child = subprocess.Popen(
                    [sys.executable, "-P", str(_CHILD), str(side.root), stack, str(place)],
                    cwd=side.root,
                    env=_environment(side.root),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    preexec_fn=die_with_parent(),  # noqa: PLW1509 it takes no lock
                    process_group=0,
                )
            children.append(child)
        yield children
    finally:
        for child in children:
            if child.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def _environment(root: Path) -> dict[str, str]:
    """Put the side's own packages first, and leave out what would let it reach a cluster or an account."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("KUBECONFIG", "SANDBOX_ROOT")
        and not key.startswith(("AWS_", "PYTHON"))
        and (not key.startswith("PULUMI_") or key.startswith("PULUMI_CONFIG_PASSPHRASE"))
    }
    return kept | {"PYTHONPATH": os.pathsep.join(str(root / folder) for folder in import_folders(root))}


def import_folders(root: Path) -> list[str]:
    """Return the folders of a tree that its packages are imported from, as its pyproject.toml says."""
    with suppress(OSError, ValueError):
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        folders = project.get("tool", {}).get("hatch", {}).get("build", {}).get("dev-mode-dirs")
        if isinstance(folders, list) and all(isinstance(folder, str) for folder in folders):
            return folders
    return ["."]


def _read(side: Side, stack: str, place: Path) -> Rendering:
    data = json.loads(place.read_text(encoding="utf-8"))
    blocked = any(finding["mandatory"] for finding in data["findings"])
    if not data["completed"] or data["errors"] or not (data["ok"] or blocked):
        reasons = "\n".join(data["errors"]) or "it gave no reason"
        raise SandboxError(
            f"the program of {side.title} cannot be rendered for the stack {stack!r}:\n{_shortened(reasons)}",
            fix="mend what it says; a base that cannot be mended is compared by naming another one",
        )
    return Rendering(
        steps={step["urn"]: _known(StepPlanned, step) for step in data["steps"]},
        findings=tuple(_known(PolicyFinding, finding) for finding in data["findings"]),
        outputs=data["outputs"],
        rules=frozenset(data["rules"]),
        excused=frozenset(tuple(entry) for entry in data["excused"]),
    )


def _known(kind: Any, data: Mapping[str, Any]) -> Any:
    """Make an event of another version's fields: those that this version does not know are left out."""
    return kind(**{key: value for key, value in data.items() if key in kind.__dataclass_fields__})


def _failure(side: Side, stack: str, code: int, place: Path) -> SandboxError:
    if code == NO_RENDER:
        return SandboxError(
            f"{side.title} has no offline rendering that this version could use{_printed(place)}",
            fix="compare with a later ref",
        )
    how = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return SandboxError(
        f"{side.title} cannot be rendered for the stack {stack!r}: it was {how}{_printed(place)}",
        fix="mend what it says; a base that cannot be mended is compared by naming another one",
    )


def _printed(place: Path) -> str:
    with suppress(OSError):
        text = place.with_suffix(".log").read_text(encoding="utf-8", errors="replace").strip()
        return f"; it printed:\n{_shortened(text)}" if text else "; it printed nothing"
    return ""


def _shortened(text: str) -> str:
    return text if len(text) <= _TAIL else f"[...] {text[-_TAIL:]}"
