from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from policies.cel.kinds import KINDS, POD_KINDS, AdmittedKind
from policies.errors import InputError
from policies.kinds import Kinds
from policies.pod_places import POD_PLACES
from policies.pods import EveryContainer, EveryPod, Role
from policies.rule import Rule, Types

_LISTS: Final = {
    Role.APP: ("apps", "variables.pod.spec.?containers.orValue([])"),
    Role.SIDECAR: (
        "sidecars",
        "variables.pod.spec.?initContainers.orValue([]).filter(it, it.?restartPolicy.orValue('') == 'Always')",
    ),
    Role.INIT: (
        "inits",
        "variables.pod.spec.?initContainers.orValue([]).filter(it, it.?restartPolicy.orValue('') != 'Always')",
    ),
    Role.EPHEMERAL: ("ephemerals", "variables.pod.spec.?ephemeralContainers.orValue([])"),
}
"""The variable that holds the containers of each role, and its expression."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule asks at admission.

    Attributes:
        rule: The rule.
        kinds: The kinds of objects that it is asked about.
        variable: The variable that holds its offenders.
        offenders: An expression for the list of the names of what breaks the rule; empty if nothing does.
        about_pods: Whether it is asked about the pods that an object carries.
    """

    rule: Rule
    kinds: tuple[AdmittedKind, ...]
    variable: str
    offenders: str
    about_pods: bool


def judgement_of(rule: Rule) -> Judgement | None:
    """How a rule is asked at admission, or None if it carries no CEL expression.

    The expression beside the rule says of one target that it complies; what is built here goes over all targets, as
    `Rule.applies_to` does in Python.

    Args:
        rule: The rule.

    Raises:
        InputError: If the rule is about what no single object shows, or about kinds that are not judged at admission.
    """
    if rule.cel is None:
        return None
    picks = rule.applies_to
    if isinstance(picks, EveryContainer):
        body = _containers(picks, rule.cel)
        kinds = POD_KINDS
    elif isinstance(picks, EveryPod):
        body = f"(\n{_indented(rule.cel)}\n) ? [] : ['the pod']"
        kinds = POD_KINDS
    elif isinstance(picks, Types | Kinds):
        body = f"(\n{_indented(rule.cel)}\n) ? [] : ['it']"
        kinds = tuple(kind for kind in KINDS if _picked(picks, kind))
        if not kinds:
            raise InputError(
                f"{rule.id}: has a rule.cel, but of {picks.summary} none is judged at admission; list the kind in"
                " policies/cel/kinds.py or remove the file"
            )
    else:
        raise InputError(
            f"{rule.id}: has a rule.cel, but asks about {picks.summary}, which is not in one object; remove the file"
        )
    about_pods = kinds is POD_KINDS
    guard = "!variables.hasPod" if about_pods else f"!({_any_of(kinds)})"
    name = rule.id.lower().replace("-", "_")
    return Judgement(rule, kinds, name, f"{guard} ? [] : (\n{_indented(body)}\n)", about_pods)


def pod_variables() -> list[tuple[str, str]]:
    """The variables that expressions about pods and containers read: name and expression, in the order of use."""
    long_running = (
        f"!({_any_of(_finite())}) && !(variables.pod.spec.?restartPolicy.orValue('Always') in ['Never', 'OnFailure'])"
    )
    return [
        ("pod", _pod()),
        ("hasPod", f"({_any_of(POD_KINDS)}) && variables.pod.?spec.hasValue()"),
        ("windows", "variables.pod.spec.?os.?name.orValue('') == 'windows'"),
        ("longRunning", long_running),
        *_LISTS.values(),
        ("containers", _listed(Role)),
    ]


def quoted(text: str) -> str:
    """A text as a CEL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def _picked(picks: Types | Kinds, kind: AdmittedKind) -> bool:
    return kind.token in picks.tokens if isinstance(picks, Types) else (kind.group or "core", kind.kind) in picks.kinds


def _containers(picks: EveryContainer, cel: str) -> str:
    everything = picks.roles == frozenset(Role)
    listed = "variables.containers" if everything else f"({_listed(role for role in Role if role in picks.roles)})"
    reasons = ["variables.windows"] * picks.linux_only + ["!variables.longRunning"] * picks.probed_only
    found = f"{listed}.filter(container, !(\n{_indented(cel)}\n)).map(container, 'container ' + container.name)"
    return f"{' || '.join(reasons)} ? [] : {found}" if reasons else found


def _listed(roles: Iterable[Role]) -> str:
    return " + ".join(f"variables.{_LISTS[role][0]}" for role in roles)


def _indented(text: str) -> str:
    return textwrap.indent(text, "  ")


def _finite() -> tuple[AdmittedKind, ...]:
    return tuple(kind for kind in POD_KINDS if POD_PLACES[kind.group or "core", kind.kind][0].finite)


def _any_of(kinds: Sequence[AdmittedKind]) -> str:
    names = sorted({kind.kind for kind in kinds})
    return f"object.kind in [{', '.join(map(quoted, names))}]"


def _pod() -> str:
    by_path: dict[tuple[str, ...], list[AdmittedKind]] = {}
    for kind in POD_KINDS:
        [place] = POD_PLACES[kind.group or "core", kind.kind]
        by_path.setdefault(place.path, []).append(kind)
    # The most usual place stands last and needs no condition.
    *others, (usual, _) = sorted(by_path.items(), key=lambda item: len(item[1]))
    conditions = "".join(f"{_any_of(kinds)} ? {'.'.join(('object', *path))} : " for path, kinds in others)
    return conditions + ".".join(("object", *usual))
