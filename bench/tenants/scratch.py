"""A copy of the project with as many tenants as asked for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from sandbox.deploy.compare.rendering import import_folders

STACK = "prod"
PERCENT = 0.5
"""Share of the quota that each tenant has: a hundred of them have half of it, as prod's own tenants do."""

_PARTS = ("apps", "infra", "policies", "sandbox")
_PREFIX = "analytics-platform:"


def make(source: Path, target: Path, count: int) -> list[str]:
    """Copy the project; its stack has ``count`` tenants, each with a Kafka user and a topic of its own.

    Args:
        source: the project.
        target: a folder that does not exist yet.
        count: tenants of the stack, beside those of the catalog, which then live elsewhere.

    Returns:
        The folders to import from.
    """
    for part in _PARTS:
        shutil.copytree(source / part, target / part, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*source.glob("Pulumi*.yaml"), source / "pyproject.toml"):
        shutil.copy(path, target)
    names = [f"desk-{number:03}" for number in range(count)]
    catalog = target / "infra" / "catalog"
    _extend(catalog / "tenants.yaml", "tenants", {name: _tenant(name) for name in names})
    _extend(catalog / "topics.yaml", "topics", {f"{name}.orders": _topic(name) for name in names})
    _extend(catalog / "kafka-users.yaml", "users", {name: _user(name) for name in names})
    stack = target / f"Pulumi.{STACK}.yaml"
    document = yaml.safe_load(stack.read_text("utf-8"))
    # The budget is for the tenants that there are.
    document["config"] |= {f"{_PREFIX}tenants": names, f"{_PREFIX}budget": None}
    stack.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return [str(target / folder) for folder in import_folders(target)]


def _extend(path: Path, key: str, entries: dict[str, Any]) -> None:
    document = yaml.safe_load(path.read_text("utf-8"))
    document[key] |= entries
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")


def _tenant(name: str) -> dict[str, Any]:
    clearance = ["public", "internal", "confidential"]
    return {"owner": name, "costCentre": "cc-9000", "quotaPercent": PERCENT, "clearance": clearance}


def _topic(name: str) -> dict[str, Any]:
    column = {"name": "order", "type": "string", "class": "internal", "description": "Number of the order"}
    return {
        "description": f"Orders of {name}",
        "owner": name,
        "tenant": name,
        "dataClass": "internal",
        "key": ["order"],
        "partitions": 1,
        "retentionHours": 24,
        "columns": [column],
    }


def _user(name: str) -> dict[str, Any]:
    topic = f"{name}.orders"
    return {"owner": name, "tenant": name, "produces": [topic], "consumes": ["ISO_RT_LMP", topic]}
