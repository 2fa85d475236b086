"""What a run tells about itself while it goes on; the display and `--json` are made from these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.engine.diff import Change
from sandbox.engine.steps import Op, Step
from sandbox.engine.values import Json, mask

Severity = Literal["info", "warning", "error"]
Emit = Callable[["Event"], None]


@dataclass(frozen=True)
class StepPlanned:
    """A step was decided; `changes` and `inputs` hold masked values."""

    op: Op
    urn: str
    type: str
    parent: str
    custom: bool = True
    provider: str = ""
    dependencies: list[str] = field(default_factory=list)
    inputs: dict[str, Json] = field(default_factory=dict)
    changes: list[dict[str, Json]] = field(default_factory=list)
    replace_paths: list[str] = field(default_factory=list)
    reason: str = ""
    validated: str = ""
    recorded: bool = False


@dataclass(frozen=True)
class StepStarted:
    """An operation on a live resource began."""

    op: Op
    urn: str
    type: str


@dataclass(frozen=True)
class StepEnded:
    """An operation ended, after `seconds`; `error` is "" when it succeeded."""

    op: Op
    urn: str
    type: str
    seconds: float
    error: str = ""


@dataclass(frozen=True)
class Progress:
    """An operation still waits, and for what."""

    urn: str
    text: str


@dataclass(frozen=True)
class Diagnostic:
    """Something a person should read; `urn` is "" when it is about the whole run."""

    severity: Severity
    message: str
    urn: str = ""


@dataclass(frozen=True)
class PolicyFinding:
    """A policy's finding; `mandatory` ones stop the run."""

    rule: str
    level: str
    mandatory: bool
    urn: str
    path: str
    message: str
    remedy: str


@dataclass(frozen=True)
class RunEnded:
    """The run is over.

    Attributes:
        ok: nothing failed.
        summary: how many resources had each operation.
        outputs: the stack's outputs, secrets masked.
        state_changed: the state differs although no resource does (options, outputs, names).
        exit_code: what the process should exit with.
    """

    ok: bool
    summary: dict[str, int]
    outputs: dict[str, Json]
    state_changed: bool
    exit_code: int


Event = StepPlanned | StepStarted | StepEnded | Progress | Diagnostic | PolicyFinding | RunEnded


def planned(step: Step, validated: str = "") -> StepPlanned:
    """Describe a step with its values masked."""
    record = step.record
    return StepPlanned(
        op=step.op,
        urn=record.urn,
        type=record.type,
        parent=record.parent,
        custom=record.custom,
        provider=record.provider,
        dependencies=list(record.dependencies),
        inputs=mask(record.inputs),
        changes=[describe(change) for change in step.changes],
        replace_paths=sorted(step.replace_paths),
        reason=step.reason,
        validated=validated,
        recorded=record.recorded,
    )


def describe(change: Change) -> dict[str, Any]:
    """Describe a change with its values masked."""
    return {"path": change.text, "kind": change.kind, "old": mask(change.old), "new": mask(change.new)}
