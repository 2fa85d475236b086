from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.control_plane.nodes import millis
from sandbox.host.api import Fetch, config_data, secret_data
from sandbox.host.notyet import BAD_CONFIGURATION, NotYetError

Object = dict[str, Any]
_REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_][A-Za-z0-9_.-]*)\))")
_KEYED = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$(NAME)`` as Kubernetes does: an unknown name stays as it is, ``$$(NAME)`` is ``$(NAME)``."""

    def value(match: re.Match[str]) -> str:
        if match.group(1) == "$":
            return "$"
        return variables.get(match.group(2), match.group())

    return _REFERENCE.sub(value, text)


async def environment(fetch: Fetch, pod: Object, container: Object, addresses: Mapping[str, str]) -> dict[str, str]:
    """The variables of a container, as its pod declares them.

    Args:
        fetch: Gets ConfigMaps and Secrets.
        pod: The pod.
        container: One of its containers.
        addresses: The values of ``status.podIP`` and ``status.hostIP``.

    Raises:
        NotYetError: A ConfigMap, a Secret or a key of one is missing, or a field is none that can be asked for.
    """
    namespace = pod["metadata"]["namespace"]
    found: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        found |= await _all_of(fetch, namespace, source)
    for entry in container.get("env") or []:
        name = entry["name"]
        if "valueFrom" in entry:
            value = await _value_from(fetch, pod, container, entry, addresses)
            if value is not None:
                found[name] = value
        else:
            found[name] = expand(entry.get("value") or "", found)
    return found


async def _all_of(fetch: Fetch, namespace: str, source: Object) -> dict[str, str]:
    kind = "configMapRef" if "configMapRef" in source else "secretRef"
    reference = source[kind]
    read = config_data if kind == "configMapRef" else secret_data
    data = await read(fetch, namespace, reference["name"])
    if data is None:
        if reference.get("optional"):
            return {}
        raise _missing(kind, reference["name"])
    prefix = source.get("prefix") or ""
    return {prefix + key: _text(value, kind, reference["name"], key) for key, value in data.items()}


async def _value_from(
    fetch: Fetch, pod: Object, container: Object, entry: Object, addresses: Mapping[str, str]
) -> str | None:
    source = entry["valueFrom"]
    if "fieldRef" in source:
        return field_of(pod, source["fieldRef"]["fieldPath"], addresses)
    if "resourceFieldRef" in source:
        return resource_of(container, source["resourceFieldRef"])
    kind = "configMapKeyRef" if "configMapKeyRef" in source else "secretKeyRef"
    if kind not in source:
        raise NotYetError(BAD_CONFIGURATION, f"variable {entry['name']} has a source that is not known here: {source}")
    reference = source[kind]
    read = config_data if kind == "configMapKeyRef" else secret_data
    data = await read(fetch, pod["metadata"]["namespace"], reference["name"])
    if data is not None and reference["key"] in data:
        return _text(data[reference["key"]], kind, reference["name"], reference["key"])
    if reference.get("optional"):
        return None
    if data is None:
        raise _missing(kind, reference["name"])
    raise NotYetError(
        BAD_CONFIGURATION, f"{_title(kind)} {reference['name']!r} has no key {reference['key']!r} ({entry['name']})"
    )


def field_of(pod: Object, path: str, addresses: Mapping[str, str]) -> str:
    """A field of the pod by its path.

    Raises:
        NotYetError: It is none of those that a pod can ask for.
    """
    if path in addresses:
        return addresses[path]
    metadata, spec = pod["metadata"], pod["spec"]
    plain = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
    }
    if path in plain:
        return str(plain[path])
    if keyed := _KEYED.fullmatch(path):
        return str((metadata.get(keyed.group(1)) or {}).get(keyed.group(2), ""))
    if path in ("metadata.labels", "metadata.annotations"):
        entries = metadata.get(path.removeprefix("metadata.")) or {}
        return "\n".join(f'{key}="{value}"' for key, value in sorted(entries.items()))
    raise NotYetError(BAD_CONFIGURATION, f"the field {path!r} of a pod cannot be asked for")


def resource_of(container: Object, reference: Object) -> str:
    """A request or limit of the container, in units of its divisor, rounded up.

    Raises:
        NotYetError: The container has none.
    """
    kind, _, name = reference["resource"].partition(".")
    amount = ((container.get("resources") or {}).get(kind) or {}).get(name)
    if amount is None:
        raise NotYetError(BAD_CONFIGURATION, f"the container has no {reference['resource']}")
    divisor = reference.get("divisor") or "1"
    divisor = "1" if divisor == "0" else divisor
    return str(-(-millis(amount) // millis(divisor)))


def _text(value: bytes, kind: str, name: str, key: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        message = f"key {key!r} of {_title(kind)} {name!r} is no text"
        raise NotYetError(BAD_CONFIGURATION, message) from error


def _missing(kind: str, name: str) -> NotYetError:
    return NotYetError(BAD_CONFIGURATION, f"there is no {_title(kind)} {name!r}")


def _title(kind: str) -> str:
    return "ConfigMap" if kind.startswith("configMap") else "Secret"
