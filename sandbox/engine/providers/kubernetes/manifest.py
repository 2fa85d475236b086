"""Between Pulumi's property maps and Kubernetes manifests, and the shape that every manifest must have."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from sandbox.engine.provider import CheckFailure
from sandbox.engine.providers.kubernetes.kinds import Kind
from sandbox.engine.values import UNKNOWN, Json, Path, PropertyMap, get_path

_DASHED = {
    f"x_kubernetes_{name}": f"x-kubernetes-{name.replace('_', '-')}"
    for name in (
        "embedded_resource",
        "int_or_string",
        "list_map_keys",
        "list_type",
        "map_type",
        "preserve_unknown_fields",
        "validations",
    )
}
_UNDERSCORED = {dashed: name for name, dashed in _DASHED.items()}
_READ_ONLY = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
"""Metadata that the API server sets; pulumi-kubernetes drops it from inputs as well."""

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_LABEL_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


def rename(value: Json, names: dict[str, str]) -> Json:
    """Rebuild a value with some map keys renamed."""
    if isinstance(value, dict):
        return {names.get(key, key): rename(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [rename(item, names) for item in value]
    return value


def without_nulls(value: Json) -> Json:
    """Rebuild a value without the map entries that are null."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def normalize(kind: Kind, inputs: PropertyMap) -> PropertyMap:
    """Complete inputs with their apiVersion and kind; drop nulls and what only the server may set."""
    clean: PropertyMap = {"apiVersion": kind.api_version, "kind": kind.kind, **without_nulls(inputs)}
    metadata = clean.get("metadata")
    if isinstance(metadata, dict):
        clean["metadata"] = {key: value for key, value in metadata.items() if key not in _READ_ONLY}
    return clean


def to_manifest(inputs: PropertyMap, namespace: str) -> PropertyMap:
    """Write inputs as the manifest that is applied.

    `stringData` of a Secret becomes `data`: a field that is write-only has no owner, so the server would keep the keys
    that were removed from it.

    Args:
        inputs: normalized inputs.
        namespace: the namespace it goes to; empty for a cluster-wide object.
    """
    manifest: PropertyMap = rename(inputs, _DASHED) if inputs.get("kind") == "CustomResourceDefinition" else {**inputs}
    metadata = {**manifest["metadata"]}
    metadata.pop("namespace", None)
    if namespace:
        metadata["namespace"] = namespace
    manifest["metadata"] = metadata
    manifest.pop("status", None)
    if is_secret(inputs) and isinstance(manifest.get("stringData"), dict):
        texts = manifest.pop("stringData")
        encoded = {key: encode(text) for key, text in texts.items()}
        manifest["data"] = {**(manifest.get("data") or {}), **encoded}
    return manifest


def to_declared(inputs: PropertyMap) -> PropertyMap:
    """Write inputs with the manifest's own key names, otherwise as they are."""
    if inputs.get("kind") != "CustomResourceDefinition":
        return inputs
    declared: PropertyMap = rename(inputs, _DASHED)
    return declared


def from_manifest(kind: Kind, manifest: PropertyMap, like: PropertyMap | None = None) -> PropertyMap:
    """Write a manifest as inputs, without what the server sets.

    Args:
        kind: kind of the object.
        manifest: the object, or what of it is compared.
        like: inputs whose spelling of key names is kept; Pulumi's own names when there are none.
    """
    underscored = kind.kind == "CustomResourceDefinition" and (like is None or to_declared(like) != like)
    inputs: PropertyMap = rename(manifest, _UNDERSCORED) if underscored else {**manifest}
    inputs.pop("status", None)
    return normalize(kind, inputs)


def encode(text: Json) -> Json:
    """Encode a text of `stringData` as `data` holds it; `UNKNOWN` stays."""
    return base64.b64encode(text.encode()).decode() if isinstance(text, str) else text


def decode(encoded: Json) -> Json:
    """Decode a value of `data` to text; what is no base64 text stays as it is."""
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (ValueError, TypeError):
        return encoded


def is_secret(body: PropertyMap) -> bool:
    """Tell whether a manifest is a core Secret."""
    return body.get("kind") == "Secret" and body.get("apiVersion") == "v1"


def to_outputs(live: PropertyMap) -> PropertyMap:
    """Write a live object as outputs: without `managedFields`, which no program reads and which doubles the state."""
    outputs: PropertyMap = rename(live, _UNDERSCORED) if live.get("kind") == "CustomResourceDefinition" else {**live}
    outputs["metadata"] = {key: value for key, value in outputs["metadata"].items() if key != "managedFields"}
    return outputs


def annotation(body: PropertyMap, name: str) -> str:
    """Return an annotation's text; empty when it is absent or unknown."""
    value = get_path(body, ("metadata", "annotations", name))
    return value if isinstance(value, str) else ""


def shape_failures(kind: Kind, inputs: PropertyMap) -> Iterator[CheckFailure]:
    """Check what every manifest must have: kind, version, a valid explicit name, labels and annotations of text."""
    for field, expected in (("apiVersion", kind.api_version), ("kind", kind.kind)):
        actual = inputs.get(field)
        if actual is not UNKNOWN and actual != expected:
            yield CheckFailure(field, f"is {actual!r}, but the resource's type is {expected!r}; use that")
    metadata = inputs.get("metadata")
    if metadata is UNKNOWN:
        return
    if not isinstance(metadata, dict):
        yield CheckFailure("metadata", "is missing; give at least metadata.name")
        return
    if "generateName" in metadata:
        yield CheckFailure("metadata.generateName", "server-side apply needs a known name; set metadata.name instead")
    yield from _name_failures(kind, metadata)
    namespace = metadata.get("namespace")
    if namespace is not None and namespace is not UNKNOWN and not _fits(namespace, _LABEL, 63):
        yield CheckFailure("metadata.namespace", _rule(namespace, "a DNS label", 63))
    for field in ("labels", "annotations"):
        yield from _map_failures(field, metadata.get(field))


def _name_failures(kind: Kind, metadata: PropertyMap) -> Iterator[CheckFailure]:
    name = metadata.get("name")
    if name is UNKNOWN:
        return
    if not name:
        yield CheckFailure("metadata.name", "is missing; every object has an explicit name, so set it")
    elif kind.group == "rbac.authorization.k8s.io":
        if not isinstance(name, str) or name in (".", "..") or "/" in name or "%" in name:
            yield CheckFailure("metadata.name", f"{name!r} may not be '.' or '..' nor contain '/' or '%'")
    elif kind.group == "" and kind.kind == "Namespace":
        if not _fits(name, _LABEL, 63):
            yield CheckFailure("metadata.name", _rule(name, "a DNS label", 63))
    elif kind.group == "" and kind.kind == "Service":
        if not _fits(name, _LABEL_1035, 63):
            yield CheckFailure("metadata.name", _rule(name, "a DNS label that begins with a letter", 63))
    elif not _fits(name, _SUBDOMAIN, 253):
        yield CheckFailure("metadata.name", _rule(name, "a DNS subdomain", 253))


def _map_failures(field: str, values: Json) -> Iterator[CheckFailure]:
    if values is None or values is UNKNOWN:
        return
    if not isinstance(values, dict):
        yield CheckFailure(f"metadata.{field}", f"is {values!r}; expected a map of texts")
        return
    for key, value in values.items():
        where = f'metadata.{field}["{key}"]'
        prefix, _, name = key.rpartition("/")
        if not _fits(name, _LABEL_NAME, 63) or (prefix and not _fits(prefix, _SUBDOMAIN, 253)):
            yield CheckFailure(where, f"the key {key!r} must be [DNS subdomain/]name, the name at most 63 characters")
        if value is UNKNOWN:
            continue
        if not isinstance(value, str):
            yield CheckFailure(where, f"is {value!r}; expected a text, so put it in quotes")
        elif field == "labels" and not _fits(value, _LABEL_VALUE, 63):
            yield CheckFailure(
                where, f"{value!r} must be at most 63 letters, digits, '-', '_' or '.', edges alphanumeric"
            )


def _fits(text: Json, pattern: re.Pattern[str], limit: int) -> bool:
    return isinstance(text, str) and len(text) <= limit and pattern.fullmatch(text) is not None


def _rule(text: Json, what: str, limit: int) -> str:
    return f"{text!r} must be {what}: lower-case letters, digits and '-', at most {limit} characters"


def without_unknowns(value: Json, path: Path = ()) -> tuple[Json, list[Path]]:
    """Return a copy without the map entries and list items that are `UNKNOWN`, and the paths that were left out."""
    gone: list[Path] = []
    if isinstance(value, dict):
        kept: dict[str, Json] = {}
        for key, item in value.items():
            if item is UNKNOWN:
                gone.append((*path, key))
                continue
            kept[key], inner = without_unknowns(item, (*path, key))
            gone.extend(inner)
        return kept, gone
    if isinstance(value, list):
        items: list[Json] = []
        for index, item in enumerate(value):
            if item is UNKNOWN:
                gone.append((*path, index))
                continue
            clean, inner = without_unknowns(item, (*path, index))
            items.append(clean)
            gone.extend(inner)
        return items, gone
    return value, gone
