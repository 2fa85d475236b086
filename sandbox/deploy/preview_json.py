"""The result of a run as JSON, in the shape of `pulumi preview --json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.deploy import cost
from sandbox.engine.events import StepPlanned
from sandbox.engine.host import RunReport


def to_json(report: RunReport, seconds: float, former: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Describe a run.

    Args:
        report: the run.
        seconds: how long the command took; written in nanoseconds, as Pulumi does.
        former: the outputs of what was deployed before.

    Returns:
        `steps` (changed resources only), `changeSummary` (always with create, update, replace, delete and same),
        `diagnostics`, `policies`, `outputs`, `cost` (see `sandbox.deploy.cost.compare`), `duration` and `result`.
    """
    outputs = report.ended.outputs if report.ended else {}
    return {
        "steps": [_step(step) for step in report.steps if step.op != "same"],
        "changeSummary": report.summary,
        "diagnostics": [
            {"urn": item.urn, "severity": item.severity, "message": item.message} for item in report.diagnostics
        ]
        + [{"urn": item.urn, "severity": "error", "message": item.error} for item in report.failures],
        "policies": [
            {
                "rule": finding.rule,
                "level": finding.level,
                "urn": finding.urn,
                "path": finding.path,
                "message": finding.message,
                "remedy": finding.remedy,
            }
            for finding in report.findings
        ],
        "outputs": outputs,
        "cost": cost.compare(outputs, former or {}),
        "duration": int(seconds * 1e9),
        "result": "succeeded" if report.ok else "failed",
    }


def _step(step: StepPlanned) -> dict[str, Any]:
    state = {
        "urn": step.urn,
        "custom": step.custom,
        "type": step.type,
        "parent": step.parent,
        "provider": step.provider,
        "dependencies": step.dependencies,
        "inputs": step.inputs,
    }
    data: dict[str, Any] = {"op": step.op, "urn": step.urn, "provider": step.provider}
    data["oldState" if step.op == "delete" else "newState"] = state
    if step.changes:
        data["diffReasons"] = [change["path"] for change in step.changes]
        data["detailedDiff"] = {
            change["path"]: {
                "kind": change["kind"] + ("-replace" if change["path"] in step.replace_paths else ""),
                "inputDiff": True,
            }
            for change in step.changes
        }
    if step.op == "replace":
        data["replaceReasons"] = step.replace_paths or [step.reason]
    if step.reason:
        data["reason"] = step.reason
    if step.validated:
        data["validated"] = step.validated
    return data
