"""What the program asks for: one registration with its options, or a refusal of what this engine does not implement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.engine import wire
from sandbox.engine.urns import AliasSpec
from sandbox.engine.values import PropertyMap

REMOTE_COMPONENTS = frozenset({"kubernetes:helm.sh/v4:Chart"})
"""Component types that a provider would expand; here they are recorded with their inputs and expand to nothing."""

_SUPPORTED = (
    "parent, provider, providers, depends_on, protect, retain_on_delete, deleted_with, ignore_changes, "
    "replace_on_changes, delete_before_replace, aliases, additional_secret_outputs, custom_timeouts, version"
)


class UnsupportedError(Exception):
    """The program uses something of Pulumi that this engine does not implement."""


@dataclass(frozen=True)
class Goal:
    """One RegisterResource request in the engine's terms.

    Attributes:
        type: the type token.
        name: the resource's name.
        custom: it has a provider behind it (a component has none).
        remote: a component that a provider would expand.
        parent: the parent's URN, "" for none.
        inputs: the inputs as the program gave them.
        provider: the provider reference `<urn>::<id>`, "" for none.
        providers: provider references a component hands to its children.
        dependencies: URNs it depends on.
        property_dependencies: URNs that each input depends on.
        protect: refuse to delete or replace.
        retain_on_delete: forget instead of deleting.
        deleted_with: the URN whose deletion takes this one along.
        ignore_changes: property paths whose new values are ignored.
        replace_on_changes: property paths whose change forces a replacement.
        delete_before_replace: order of a replacement; None leaves it to the provider.
        additional_secret_outputs: output names to keep secret.
        aliases: former identities.
        create_timeout: seconds to wait for a create; None for the provider's default.
        update_timeout: the same for an update.
        delete_timeout: the same for a delete.
    """

    type: str
    name: str
    custom: bool
    remote: bool
    parent: str
    inputs: PropertyMap
    provider: str
    providers: dict[str, str]
    dependencies: tuple[str, ...]
    property_dependencies: dict[str, tuple[str, ...]]
    protect: bool
    retain_on_delete: bool
    deleted_with: str
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    delete_before_replace: bool | None
    additional_secret_outputs: tuple[str, ...]
    aliases: tuple[AliasSpec, ...]
    create_timeout: float | None
    update_timeout: float | None
    delete_timeout: float | None


def from_request(request: Any, urn: str) -> Goal:
    """Read a RegisterResourceRequest.

    Raises:
        UnsupportedError: it uses an option or kind of resource outside this engine; names the option and the URN.
    """
    _refuse_unsupported(request, urn)
    inputs = wire.decode(request.object)
    if wire.has_special(inputs):
        raise UnsupportedError(f"{urn}: an input is an asset or archive; the embedded engine takes plain values only")
    timeouts = request.customTimeouts
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        remote=request.remote,
        parent=request.parent,
        inputs=inputs,
        provider=request.provider,
        providers=dict(request.providers),
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={
            key: tuple(sorted(value.urns)) for key, value in request.propertyDependencies.items() if value.urns
        },
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        aliases=tuple(_alias(alias) for alias in request.aliases),
        create_timeout=seconds(timeouts.create),
        update_timeout=seconds(timeouts.update),
        delete_timeout=seconds(timeouts.delete),
    )


def _refuse_unsupported(request: Any, urn: str) -> None:
    used = {
        "import_": request.importId,
        "replace_with": request.replace_with,
        "replacement_trigger": request.HasField("replacement_trigger"),
        "transforms": request.transforms,
        "state_migrations": request.state_migrations,
        "env_var_mappings": request.envVarMappings,
        "hooks": request.HasField("hooks") and request.hooks.ByteSize() > 0,
        "a parameterized package": request.packageRef,
    }
    for option, value in used.items():
        if value:
            raise UnsupportedError(
                f"{urn}: uses {option}, which the embedded engine does not implement. Leave it out, or deploy with "
                f"the Pulumi CLI (ENGINE=pulumi). Implemented options: {_SUPPORTED}."
            )
    if request.remote and request.type not in REMOTE_COMPONENTS:
        raise UnsupportedError(
            f"{urn}: {request.type} is a component of a provider plugin, which the embedded engine cannot expand; "
            f"only {', '.join(sorted(REMOTE_COMPONENTS))} can be recorded."
        )


def _alias(alias: Any) -> AliasSpec:
    if alias.WhichOneof("alias") == "urn":
        return AliasSpec(urn=alias.urn)
    spec = alias.spec
    return AliasSpec(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.WhichOneof("parent") == "noParent" and spec.noParent,
    )


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "ms": 0.001}


def seconds(duration: str) -> float | None:
    """Read a Go duration such as `90s`, `5m` or `1h30m`; an empty text is None.

    Raises:
        UnsupportedError: the text is not a duration.
    """
    if not duration:
        return None
    total, number, position = 0.0, "", 0
    while position < len(duration):
        char = duration[position]
        if char.isdigit() or char == ".":
            number += char
            position += 1
            continue
        unit = "ms" if duration.startswith("ms", position) else char
        if not number or unit not in _UNITS:
            raise UnsupportedError(f"custom_timeouts: {duration!r} is not a duration; write it as 90s, 5m or 1h30m")
        total += float(number) * _UNITS[unit]
        number = ""
        position += len(unit)
    if number:
        raise UnsupportedError(f"custom_timeouts: {duration!r} has no unit; write it as 90s, 5m or 1h30m")
    return total
