"""The resources of two renderings side by side: what is created, changed, replaced and deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.deploy.compare.phrase import Phrase
from sandbox.deploy.compare.replacing import replacement
from sandbox.deploy.compare.stateful import holds
from sandbox.engine.diff import Change, diff
from sandbox.engine.events import StepPlanned
from sandbox.engine.urns import STACK_TYPE, parse
from sandbox.engine.values import get_path

Op = Literal["create", "change", "replace", "delete"]
OPS: tuple[Op, ...] = ("create", "change", "replace", "delete")

Steps = Mapping[str, StepPlanned]

_CONCEALED = "[secret]"
_HIDDEN: Mapping[str, tuple[str, ...]] = {
    "kubernetes:core/v1:Secret": ("data", "stringData"),
    "aws:secretsmanager/secretVersion:SecretVersion": ("secretString", "secretBinary"),
    "aws:ssm/parameter:Parameter": ("value",),
}
"""Inputs that are never shown, marked as secret by the program or not."""


@dataclass(frozen=True)
class ResourceChange:
    """What happens to one resource.

    Attributes:
        op: what.
        urn: its URN here, or in the base when it is deleted.
        type: its type token.
        address: its short name for people, such as `Deployment orders/web`.
        fields: the inputs that differ, values masked; none for what is created or deleted.
        replaces: the paths among them that cannot be changed in place.
        reasons: why it is replaced.
        loses: what is lost with it when it is deleted or replaced; empty when it can simply be made again.
        dependents: how many others depend on it.
        old: its inputs in the base, masked.
        new: its inputs here, masked.
    """

    op: Op
    urn: str
    type: str
    address: str
    fields: tuple[Change, ...] = ()
    replaces: frozenset[str] = frozenset()
    reasons: tuple[Phrase, ...] = ()
    loses: str = ""
    dependents: int = 0
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)


def compare(base: Steps, head: Steps) -> list[ResourceChange]:
    """Compare two renderings.

    Components and the stack itself are not counted: nothing stands behind them.

    Args:
        base: resources of the base by URN.
        head: resources here.

    Returns:
        The changes, in the order of what they are about.
    """
    old, new = _real(base), _real(head)
    found = [change for urn in old.keys() & new.keys() if (change := _change(old[urn], new[urn], base, head))]
    gone = {urn: old[urn] for urn in old.keys() - new.keys()}
    made = {urn: new[urn] for urn in new.keys() - old.keys()}
    for before, after in _moved(gone, made):
        found.append(_move(gone.pop(before), made.pop(after), base))
    found += [_whole("delete", step, base) for step in gone.values()]
    found += [_whole("create", step, head) for step in made.values()]
    return sorted(found, key=lambda change: (change.address, change.urn))


def counts(changes: Iterable[ResourceChange]) -> dict[str, int]:
    """Count the changes by what happens."""
    found: dict[str, int] = dict.fromkeys(OPS, 0)
    for change in changes:
        found[change.op] += 1
    return found


def address(step: StepPlanned) -> str:
    """Name a resource for people."""
    kind = step.type.rpartition(":")[2]
    if step.type.startswith("kubernetes:"):
        name, namespace = (get_path(step.inputs, ("metadata", key)) for key in ("name", "namespace"))
        if name:
            return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
    return f"{'Provider' if step.type.startswith('pulumi:providers:') else kind} {parse(step.urn).name}"


def hidden(type_: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs without the values that are secret by their nature."""
    fields = _HIDDEN.get(type_, ())
    return {key: _concealed(value) if key in fields else value for key, value in inputs.items()}


def _concealed(value: Any) -> Any:
    return dict.fromkeys(value, _CONCEALED) if isinstance(value, dict) else _CONCEALED


def _real(steps: Steps) -> dict[str, StepPlanned]:
    return {urn: step for urn, step in steps.items() if step.custom and step.type != STACK_TYPE}


def _change(old: StepPlanned, new: StepPlanned, base: Steps, head: Steps) -> ResourceChange | None:
    # Compared before they are hidden, so that a value which nobody marked as secret still shows that it changes.
    changes = diff(old.inputs, new.inputs)
    if not changes:
        return None
    why = replacement(new, old.inputs, changes, _provider(new, head))
    return ResourceChange(
        op="replace" if why.paths else "change",
        urn=new.urn,
        type=new.type,
        address=address(new),
        fields=tuple(_masked(new.type, change) for change in changes),
        replaces=why.paths,
        reasons=why.reasons,
        loses=holds(old.type) if why.paths else "",
        dependents=_dependents(old.urn, base) if why.paths else 0,
        old=hidden(old.type, old.inputs),
        new=hidden(new.type, new.inputs),
    )


def _masked(type_: str, change: Change) -> Change:
    if change.path and change.path[0] in _HIDDEN.get(type_, ()):
        old, new = (None if value is None else _concealed(value) for value in (change.old, change.new))
        return Change(change.path, change.kind, old, new)
    return change


def _whole(op: Op, step: StepPlanned, steps: Steps) -> ResourceChange:
    inputs = hidden(step.type, step.inputs)
    gone = op == "delete"
    return ResourceChange(
        op=op,
        urn=step.urn,
        type=step.type,
        address=address(step),
        loses=holds(step.type) if gone else "",
        dependents=_dependents(step.urn, steps) if gone else 0,
        old=inputs if gone else {},
        new={} if gone else inputs,
    )


def _move(old: StepPlanned, new: StepPlanned, base: Steps) -> ResourceChange:
    reason: Phrase = ("it was ", old.urn, ": without an alias it is deleted under that name and created under this one")
    return ResourceChange(
        op="replace",
        urn=new.urn,
        type=new.type,
        address=address(new),
        fields=tuple(_masked(new.type, change) for change in diff(old.inputs, new.inputs)),
        reasons=(reason,),
        loses=holds(old.type),
        dependents=_dependents(old.urn, base),
        old=hidden(old.type, old.inputs),
        new=hidden(new.type, new.inputs),
    )


def _moved(gone: Steps, made: Steps) -> list[tuple[str, str]]:
    """Pair what is the same thing behind another URN: the same object of a cluster, or the same name and type."""
    before, after = _by_identity(gone), _by_identity(made)
    return [(before[key], after[key]) for key in sorted(before.keys() & after.keys())]


def _by_identity(steps: Steps) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], list[str]] = {}
    for urn, step in steps.items():
        found.setdefault(_identity(step), []).append(urn)
    return {key: urns[0] for key, urns in found.items() if len(urns) == 1}


def _identity(step: StepPlanned) -> tuple[str, ...]:
    if step.type.startswith("kubernetes:"):
        group = str(step.inputs.get("apiVersion", "")).rpartition("/")[0]
        return ("kubernetes", group, address(step))
    return (step.type, parse(step.urn).name)


def _dependents(urn: str, steps: Steps) -> int:
    return sum(1 for step in steps.values() if urn in step.dependencies and step.custom)


def _provider(step: StepPlanned, steps: Steps) -> Mapping[str, Any]:
    provider = steps.get(step.provider.rpartition("::")[0])
    return provider.inputs if provider else {}
