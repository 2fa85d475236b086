"""What the agent of a sandbox writes down of what it runs, for everybody who shows it or waits for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Object = dict[str, Any]
FILE = "pods.json"
"""In the agent's directory; it is there only while an agent runs, or after one was killed."""

_NAME_LABEL = "app.kubernetes.io/name"
_HASH_LABEL = "pod-template-hash"


def nothing() -> Object:
    """What is said where nothing runs."""
    return {"pods": [], "services": [], "gone": []}


def read(host: Path) -> Object:
    """What the agent last said: its containers, the Services that have any, and failed pods that are gone.

    Args:
        host: The agent's directory.
    """
    try:
        said = json.loads((host / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return nothing()
    return nothing() | said if isinstance(said, dict) else nothing()


def workload_of(entry: Mapping[str, Any]) -> str:
    """The workload of a container: its label, else its pod's owner without the hash of a Deployment, else the pod.

    Args:
        entry: What the agent says of the container.
    """
    labels = entry["labels"]
    owner = str(entry["owner"]).removesuffix(f"-{labels.get(_HASH_LABEL, '')}")
    return str(labels.get(_NAME_LABEL) or owner or entry["pod"])
