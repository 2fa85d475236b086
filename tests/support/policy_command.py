"""The command `policies` as a test calls it, and manifests to give it."""

import json
from pathlib import Path
from typing import Any

import pytest

from policies.cli import main

GOOD = """apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: orders}
"""
BAD = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: orders}
spec:
  template:
    spec:
      hostPID: true
      containers: []
"""


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """The exit code, and what was printed to standard output and to standard error."""
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """The exit code, and the JSON that was printed."""
    code, out, _ = run(capsys, *arguments, "--json")
    return code, json.loads(out)


def file_with(folder: Path, name: str, text: str) -> Path:
    """A file with a text, and the folders that it takes."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file
