"""Which changes of a resource cannot be made in place, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.deploy.compare.phrase import Phrase
from sandbox.engine.diff import Change
from sandbox.engine.events import StepPlanned
from sandbox.engine.providers.kubernetes.immutable import ALWAYS, PULUMI, replaced_by
from sandbox.engine.providers.kubernetes.kinds import Kind, parse_type

_REGION = "us-east-1"
"""The region of the CloudFormation schemas for a provider that names none."""


@dataclass(frozen=True)
class Replacement:
    """That something is replaced, and why.

    Attributes:
        paths: the changes that need it.
        reasons: one sentence for each cause.
    """

    paths: frozenset[str] = frozenset()
    reasons: tuple[Phrase, ...] = ()


def replacement(
    step: StepPlanned, old: Mapping[str, Any], changes: Sequence[Change], provider: Mapping[str, Any]
) -> Replacement:
    """Decide whether a resource has to be replaced.

    Args:
        step: the resource as it should become.
        old: its inputs as the base declares them.
        changes: the differences of the inputs.
        provider: the inputs of its provider resource.
    """
    package = step.type.partition(":")[0]
    if package == "kubernetes":
        return _kubernetes(step, old, changes, provider)
    if package == "aws":
        return _aws(step, changes, provider)
    if package == "random":
        paths = frozenset(change.text for change in changes)
        return Replacement(paths, (("a random value is made anew when any of its inputs changes",),))
    return Replacement()


def _kubernetes(
    step: StepPlanned, old: Mapping[str, Any], changes: Sequence[Change], provider: Mapping[str, Any]
) -> Replacement:
    kind = _kind(step.type)
    if kind is None:
        return Replacement()
    paths = replaced_by(
        kind,
        changes,
        dict(old),
        config_map_mutable=_is_true(provider.get("enableConfigMapMutable")),
        secret_mutable=_is_true(provider.get("enableSecretMutable")),
    )
    known = {*ALWAYS, *PULUMI.get((kind.group, kind.kind), ())}
    reasons: list[Phrase] = []
    for path in sorted(paths):
        if path in known or any(path.startswith((f"{field}.", f"{field}[")) for field in known):
            reasons.append(("", path, " of a ", kind.kind, " cannot be changed in place"))
        elif kind.kind in ("ConfigMap", "Secret"):
            reasons.append(("", path, " of an immutable ", kind.kind, " cannot be changed"))
        else:
            reasons.append(("", path, " of a ", kind.kind, " is refused by the API server when it changes in place"))
    return Replacement(frozenset(paths), tuple(reasons))


def _kind(type_: str) -> Kind | None:
    try:
        return parse_type(type_)
    except ValueError:
        return None


def _is_true(value: Any) -> bool:
    return value is True or value == "true"


def _aws(step: StepPlanned, changes: Sequence[Change], provider: Mapping[str, Any]) -> Replacement:
    from sandbox.engine.providers.aws.registry import ADAPTERS  # noqa: PLC0415 needed only when something of AWS changes
    from sandbox.engine.providers.recorded.listing import recorded_types  # noqa: PLC0415

    tops = {change.text: str(change.path[0]) for change in changes if change.path}
    adapter = ADAPTERS.get(step.type)
    if adapter is not None:
        fixed = {name for name, spec in adapter.fields.items() if spec.replaces}
        paths = {path for path, top in tops.items() if top in fixed}
        return Replacement(frozenset(paths), tuple(("AWS cannot change ", path) for path in sorted(paths)))
    recorded = recorded_types().get(step.type)
    if recorded is None:
        return Replacement(reasons=(("nothing is known here of what AWS can change in place in this type",),))
    from sandbox.engine.providers.recorded.schemas import cloudformation_name, create_only  # noqa: PLC0415 three seconds

    region = str(provider.get("region") or _REGION)
    try:
        names = {path: cloudformation_name(recorded, region, top) for path, top in tops.items()}
        paths = {path for path, name in names.items() if name in create_only(recorded, region)}
    except ValueError:
        return Replacement(reasons=(("there is no CloudFormation schema of this type in ", region),))
    reasons = tuple(
        ("", path, f" is {names[path]} in {recorded.schema}, which its CloudFormation schema calls create-only")
        for path in sorted(paths)
    )
    return Replacement(frozenset(paths), reasons)
