"""Resources as a tree under their components, the way Pulumi's users know it."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.engine.events import StepPlanned
from sandbox.engine.urns import parse

SIGNS = {"create": "+", "update": "~", "replace": "+-", "delete": "-", "same": " "}
"""The sign of each operation, as Pulumi shows it."""

_WIDEST_TYPE = 62


def render_tree(steps: Sequence[StepPlanned], *, details: bool = True) -> list[str]:
    """Draw the steps that change something, each below its parents.

    Args:
        steps: all steps of a plan, unchanged ones included.
        details: show each changed property below its resource.
    """
    by_urn = {step.urn: step for step in steps}
    wanted: set[str] = set()
    for step in steps:
        urn = step.urn if step.op != "same" else ""
        while urn and urn not in wanted:
            wanted.add(urn)
            urn = by_urn[urn].parent if urn in by_urn else ""
    children: dict[str, list[StepPlanned]] = {}
    for step in steps:
        if step.urn in wanted:
            parent = step.parent if step.parent in wanted else ""
            children.setdefault(parent, []).append(step)
    rows: list[tuple[str, str, str, str, StepPlanned]] = []
    _walk(children, "", "", rows)
    width = min(_WIDEST_TYPE, max((len(branch) + len(type_) for _, branch, type_, _, _ in rows), default=0))
    lines: list[str] = []
    for sign, branch, type_, name, step in rows:
        label = f"{branch}{type_}".ljust(width)
        lines.append(f" {sign:2} {label}  {name:<44} {_plan(step)}".rstrip())
        if details and step.op in ("update", "replace"):
            lines.extend(f"      {' ' * len(branch)}{line}" for line in _details(step))
    return lines


def _walk(
    children: dict[str, list[StepPlanned]],
    parent: str,
    indent: str,
    rows: list[tuple[str, str, str, str, StepPlanned]],
) -> None:
    siblings = children.get(parent, [])
    for index, step in enumerate(siblings):
        last = index == len(siblings) - 1
        root = parent == ""
        branch = "" if root else f"{indent}{'└─ ' if last else '├─ '}"
        rows.append((SIGNS[step.op], branch, step.type, parse(step.urn).name, step))
        _walk(children, step.urn, "" if root else f"{indent}{'   ' if last else '│  '}", rows)


def _plan(step: StepPlanned) -> str:
    if step.op == "same":
        return ""
    notes = [note for note in (step.reason, _vouched(step)) if note]
    return step.op + (f" ({'; '.join(notes)})" if notes else "")


def _vouched(step: StepPlanned) -> str:
    if step.recorded or step.validated == "recorded":
        return "recorded"
    return "validated offline" if step.validated == "offline" and step.op == "update" else ""


def _details(step: StepPlanned) -> list[str]:
    lines: list[str] = []
    for change in step.changes:
        path, kind = change["path"], change["kind"]
        why = " [replaces]" if path in step.replace_paths else ""
        if kind == "add":
            lines.append(f"+ {path}: {_short(change['new'])}{why}")
        elif kind == "delete":
            lines.append(f"- {path}: {_short(change['old'])}{why}")
        else:
            lines.append(f"~ {path}: {_short(change['old'])} => {_short(change['new'])}{why}")
    return lines


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def render_components(steps: Sequence[StepPlanned]) -> list[str]:
    """Summarise a large plan: one line a component, with how many resources of its own change and how."""
    components = {step.urn: step for step in steps if any(other.parent == step.urn for other in steps)}
    lines: list[str] = []
    for step in components.values():
        counts: dict[str, int] = {}
        for child in steps:
            if child.parent == step.urn and child.urn not in components and child.op != "same":
                counts[child.op] = counts.get(child.op, 0) + 1
        if counts:
            text = ", ".join(f"{count} to {op}" for op, count in counts.items())
            lines.append(f" {SIGNS[step.op]:2} {step.type:<48} {parse(step.urn).name:<32} {text}")
    return lines
