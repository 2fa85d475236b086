"""Projects of a test's own: this one without its applications, or any other one to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
_APPLICATIONS = "analytics-platform:applications"


def copy_of(project: Path, folder: Path, *parts: str) -> Path:
    """Copy a project, so that a test may change it.

    Args:
        project: the folder with ``Pulumi.yaml``.
        folder: where the copy is made; it must not be there yet.
        parts: the folders that are copied with it.

    Returns:
        ``folder``.
    """
    folder.mkdir()
    for part in parts:
        shutil.copytree(project / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in project.glob("Pulumi*.yaml"):
        shutil.copy(file, folder)
    return folder


def without_applications(folder: Path) -> Path:
    """This project with a local stack that has no price path: little more than half of its resources, of every sort.

    For tests of what the engine does with a stack, which is the same for each further workload. The program itself is
    that of the checkout.

    Args:
        folder: where the project is made; it must not be there yet.

    Returns:
        ``folder``.
    """
    copy_of(ROOT, folder)
    for part in ("infra", "apps", "policies"):
        (folder / part).symlink_to(ROOT / part)
    file = folder / "Pulumi.local.yaml"
    stack = yaml.safe_load(file.read_text("utf-8"))
    del stack["config"][_APPLICATIONS]
    file.write_text(yaml.safe_dump(stack), "utf-8")
    return folder
