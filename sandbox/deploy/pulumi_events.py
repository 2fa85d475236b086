"""The events that `pulumi up --json` and `pulumi destroy --json` stream, as the one document of a command's result."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.deploy import cost

_NO_CHANGE = ("same", "read", "refresh")
_COUNTED = ("create", "update", "replace", "delete", "same")
_STACK = "pulumi:pulumi:Stack"
_WORTH_TELLING = ("warning", "error")


def to_document(lines: Iterable[str], *, ok: bool) -> dict[str, Any]:
    """Sum up the events of one run in the shape that `sandbox.deploy.preview_json` writes.

    Args:
        lines: the CLI's output, one event a line; a line that is no event is left out.
        ok: whether the run succeeded.
    """
    steps: list[dict[str, Any]] = []
    diagnostics: list[dict[str, str]] = []
    policies: list[dict[str, str]] = []
    counts = dict.fromkeys(_COUNTED, 0)
    outputs: dict[str, Any] = {}
    former: dict[str, Any] = {}
    seconds = 0.0
    for event in _events(lines):
        if step := event.get("resourcePreEvent", {}).get("metadata"):
            steps += [_step(step)] if step["op"] not in _NO_CHANGE else []
        elif done := event.get("resOutputsEvent", {}).get("metadata"):
            if done["type"] == _STACK:
                outputs, former = ((done.get(which) or {}).get("outputs") or {} for which in ("new", "old"))
        elif said := event.get("diagnosticEvent"):
            if said.get("severity") in _WORTH_TELLING and not said.get("ephemeral"):
                message = {"severity": said["severity"], "message": str(said["message"]).strip()}
                diagnostics.append({"urn": said.get("urn", "")} | message)
        elif found := event.get("policyEvent"):
            policies.append(_finding(found))
        elif summary := event.get("summaryEvent"):
            counts |= summary.get("resourceChanges") or {}
            seconds = summary.get("durationSeconds") or 0
    return {
        "steps": steps,
        "changeSummary": counts,
        "diagnostics": diagnostics,
        "policies": policies,
        "outputs": {key: _without_wrapper(value) for key, value in outputs.items()},
        "cost": cost.compare(outputs, former),
        "duration": int(seconds * 1e9),
        "result": "succeeded" if ok else "failed",
    }


def _events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def _step(metadata: dict[str, Any]) -> dict[str, Any]:
    data = {"op": metadata["op"], "urn": metadata["urn"], "provider": metadata.get("provider", "")}
    if metadata.get("diffs"):
        data["diffReasons"] = metadata["diffs"]
    if metadata.get("keys"):
        data["replaceReasons"] = metadata["keys"]
    return data


def _finding(event: dict[str, Any]) -> dict[str, str]:
    return {
        "rule": event.get("policyName", ""),
        "level": event.get("enforcementLevel", ""),
        "urn": event.get("resourceUrn", ""),
        "message": str(event.get("message", "")).strip(),
    }


def _without_wrapper(value: Any) -> Any:
    """Show a secret as the CLI masks it, without the signature around it."""
    return value["ciphertext"] if isinstance(value, dict) and "ciphertext" in value else value
