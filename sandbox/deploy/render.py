"""Writes what a stack declares as files: Kubernetes manifests, AWS resources, and what cannot be known beforehand."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from sandbox.engine.events import StepPlanned
from sandbox.engine.urns import parse
from sandbox.engine.values import format_path, leaves
from sandbox.errors import ConfigurationError, SandboxError

_UNKNOWN = "[unknown]"
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
_MARKER = ".rendered"


def write(steps: Sequence[StepPlanned], folder: Path) -> dict[str, int]:
    """Write a rendering; an earlier one in the same folder is replaced.

    Args:
        steps: the steps of a plan without a state: every resource, inputs masked.
        folder: where to; made when it does not exist. A folder with other things in it is refused.

    Returns:
        How many Kubernetes objects, AWS resources and unknown values were written.

    Raises:
        ConfigurationError: the folder is a file, or holds something that is no rendering.
        SandboxError: the files cannot be written.
    """
    try:
        _prepare(folder)
        manifests = [step for step in steps if step.type.startswith("kubernetes:") and step.custom]
        for step in manifests:
            path = folder / "kubernetes" / _file_name(step.inputs)
            path.write_text(yaml.safe_dump(step.inputs, sort_keys=False, width=120), encoding="utf-8")
        aws = [step for step in steps if not step.type.startswith("kubernetes:")]
        _write_json(folder / "aws.json", _export(aws))
        unknowns = _unknowns(steps)
        _write_json(folder / "unknowns.json", unknowns)
    except OSError as error:
        raise SandboxError(
            f"the rendering cannot be written: {error.strerror or error}",
            where=str(error.filename or folder),
            fix="free some disk space or name another folder with --out",
        ) from error
    cloud = sum(1 for step in aws if step.type.startswith("aws:"))
    return {"kubernetes": len(manifests), "aws": cloud, "unknown": len(unknowns)}


def require_folder(folder: Path) -> None:
    """See that a rendering may be written there, before half a minute goes into making it.

    Raises:
        ConfigurationError: it is a file, cannot be looked at, or holds something that is no rendering.
    """
    wrong = ""
    try:
        there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
        if there.exists() and not there.is_dir():
            wrong = f"{there} is a file"
        elif there == folder and there.exists() and any(folder.iterdir()) and not (folder / _MARKER).exists():
            wrong = "the folder is not empty and holds no earlier rendering"
    except OSError as error:
        wrong = f"the folder cannot be looked at: {error.strerror or error}"
    if wrong:
        raise ConfigurationError(wrong, where=f"--out {folder}", fix="name another folder")


def _prepare(folder: Path) -> None:
    require_folder(folder)
    shutil.rmtree(folder / "kubernetes", ignore_errors=True)
    (folder / "kubernetes").mkdir(parents=True)
    (folder / _MARKER).write_text("made by `sandbox render`; the next rendering replaces it\n", encoding="utf-8")


def _file_name(manifest: dict[str, Any]) -> str:
    metadata = manifest.get("metadata", {})
    namespace = metadata.get("namespace") or "cluster"
    return (
        _UNSAFE.sub("-", f"{namespace}.{manifest.get('kind', 'unknown')}.{metadata.get('name', 'unnamed')}") + ".yaml"
    )


def _export(steps: Sequence[StepPlanned]) -> dict[str, Any]:
    resources = [
        {
            "urn": step.urn,
            "custom": step.custom,
            "type": step.type,
            "inputs": step.inputs,
            "outputs": step.inputs,
            "parent": step.parent,
            "dependencies": step.dependencies,
            "provider": step.provider,
        }
        for step in steps
    ]
    return {"version": 3, "deployment": {"manifest": {}, "resources": resources}}


def _unknowns(steps: Sequence[StepPlanned]) -> list[dict[str, str]]:
    return [
        {"urn": step.urn, "type": step.type, "name": parse(step.urn).name, "path": format_path(path)}
        for step in steps
        for path, value in leaves(step.inputs)
        if isinstance(value, str) and _UNKNOWN in value
    ]


def _write_json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")
