"""What a write would leave, asked of the API server where it can know, and of the manifest's shape where it cannot."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Literal

from sandbox.engine.provider import Preview, Validated
from sandbox.engine.providers.kubernetes import fields
from sandbox.engine.providers.kubernetes.apply import Address, apply, leaving, read, taken
from sandbox.engine.providers.kubernetes.client import APPLY, ApiClient, Call
from sandbox.engine.providers.kubernetes.errors import RefusedError
from sandbox.engine.providers.kubernetes.manifest import to_manifest, to_outputs, without_unknowns
from sandbox.engine.values import UNKNOWN, Json, Path, PropertyMap, parse_path

SCRATCH_NAMESPACE = "sandbox-validation"
"""Where objects are dry-run whose own namespace the same plan creates; it holds nothing and belongs in no inventory."""

_OTHER_NAME = "-validation"
"""Appended to the name of a cluster-wide object that is dry-run while the one it replaces still exists."""

_NAMED_AFTER_CONTENT = "CustomResourceDefinition"

_ROOM = 63 - len(_OTHER_NAME)
"""Characters of a name that stay: the name of a namespace is a DNS label, of at most 63."""

_NOT_YET = re.compile(r"exceeded quota|error looking up service account|no PriorityClass with name|RuntimeClass .* not")
"""Refusals of admission about something that the same plan may create or change."""

_SET_BY_SERVER = ("creationTimestamp", "resourceVersion", "uid")
_ALLOCATED: dict[str, tuple[Path, ...]] = {
    "Job": (("spec", "selector"),),
    "PersistentVolumeClaim": (("spec", "volumeName"),),
    "Pod": (("spec", "nodeName"),),
    "Service": (("spec", "clusterIP"), ("spec", "clusterIPs"), ("spec", "healthCheckNodePort")),
}
"""What the control plane chooses at creation unless the program did."""


Purpose = Literal["create", "replace", "update"]
"""Why an object is applied; what a `replace` finds under the name goes first, a `create` must find nothing."""


class _UntestableError(Exception):
    """The object cannot be dry-run anywhere while the one that it replaces exists."""


class Previewer:
    """Asks for dry runs; remembers that the scratch namespace was made."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._lock = asyncio.Lock()
        self._made = False

    async def preview(self, address: Address, inputs: PropertyMap, purpose: Purpose) -> Preview:
        """Say what applying these inputs would leave.

        Raises:
            ProviderError: the server would refuse them.
        """
        known, gone = without_unknowns(inputs)
        if any(path[:2] in (("metadata",), ("metadata", "name"), ("metadata", "namespace")) for path in gone):
            return offline(inputs)
        try:
            live, validated = await self._ask(address, known, purpose)
        except _UntestableError:
            return offline(inputs)
        except RefusedError as error:
            if _NOT_YET.search(error.text) or (gone and _about_unknown(error, gone)):
                return offline(inputs)
            raise
        return Preview(_outputs(live, inputs, gone, creating=purpose != "update"), "offline" if gone else validated)

    async def _ask(self, address: Address, known: PropertyMap, purpose: Purpose) -> tuple[PropertyMap, Validated]:
        action = "update" if purpose == "update" else "create"
        manifest = to_manifest(known, address.namespace)
        try:
            live = await apply(self._client, address, manifest, action, force=action == "update", dry_run=True)
        except RefusedError as error:
            if error.namespace_missing:
                pass
            elif purpose == "create" and (there := await read(self._client, address)):
                if not leaving(there):
                    raise taken(address, there) from None
            elif not (purpose == "replace" and await self._is_replaced(address)):
                raise
        else:
            stands = bool(live["metadata"].get("resourceVersion"))  # a dry run gives none to a new object
            if purpose != "create" or not stands:
                return live, "server"
            if not leaving(live):
                raise taken(address, live)
        elsewhere, validated = await self._elsewhere(address)
        manifest = to_manifest(known, elsewhere.namespace)
        manifest["metadata"]["name"] = elsewhere.name
        live = await apply(self._client, elsewhere, manifest, action, force=True, dry_run=True)
        metadata = {**live["metadata"], "name": address.name}
        if address.namespace:
            metadata["namespace"] = address.namespace
        return {**live, "metadata": metadata}, validated

    async def _is_replaced(self, address: Address) -> bool:
        """Tell whether the object is one of ours: then the creation follows its deletion, and its fields are moot."""
        live = await read(self._client, address)
        return live is not None and any(fields.is_ours(entry) for entry in fields.entries(live))

    async def _elsewhere(self, address: Address) -> tuple[Address, Validated]:
        if address.mapping.kind.kind == _NAMED_AFTER_CONTENT:
            raise _UntestableError
        if not address.mapping.namespaced:
            return Address(address.mapping, "", f"{address.name[:_ROOM]}{_OTHER_NAME}"), "server"
        await self._make_scratch()
        return Address(address.mapping, SCRATCH_NAMESPACE, address.name), "offline"

    async def _make_scratch(self) -> None:
        async with self._lock:
            if self._made:
                return
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SCRATCH_NAMESPACE}}
            path = f"/api/v1/namespaces/{SCRATCH_NAMESPACE}"
            params = (("fieldManager", fields.MANAGER), ("force", "true"))
            await self._client.request(
                Call("PATCH", path, "create the namespace for dry runs", params, json.dumps(body).encode(), APPLY)
            )
            self._made = True


def _about_unknown(error: RefusedError, gone: Sequence[Path]) -> bool:
    """Tell whether a refusal may come from the values left out: every cause stands at, above or inside one of them."""
    named = [cause.field for cause in error.causes if cause.field]
    if not named:
        return False
    try:
        paths = [parse_path(name.lstrip(".")) for name in named]
    except ValueError:
        return False
    return all(any(_overlap(path, left_out) for left_out in gone) for path in paths)


def _overlap(one: Path, other: Path) -> bool:
    return all(str(left) == str(right) for left, right in zip(one, other, strict=False))


def offline(inputs: PropertyMap) -> Preview:
    """Preview an object that no server can judge yet, from its inputs."""
    outputs = {**inputs, "status": UNKNOWN}
    metadata = inputs.get("metadata")
    if isinstance(metadata, dict):
        outputs["metadata"] = {**metadata, **dict.fromkeys(_SET_BY_SERVER, UNKNOWN)}
    return Preview(outputs, "offline")


def _outputs(live: PropertyMap, inputs: PropertyMap, gone: Sequence[Path], *, creating: bool) -> PropertyMap:
    outputs = to_outputs(live)
    outputs["metadata"].update(dict.fromkeys(_SET_BY_SERVER if creating else ("resourceVersion",), UNKNOWN))
    if "generation" in outputs["metadata"]:
        outputs["metadata"]["generation"] = UNKNOWN
    kind = live.get("kind", "")
    if "status" in live and (creating or kind not in ("Service", "Ingress")):
        # an address stays with its object, so that what depends on it does not seem to change
        outputs["status"] = UNKNOWN
    for path in _ALLOCATED.get(kind, ()) if creating else ():
        _set_missing(outputs, inputs, path)
    for path in gone:
        _set_unknown(outputs, path)
    return outputs


def _set_missing(outputs: Json, inputs: Json, path: Path) -> None:
    for step in path[:-1]:
        outputs = outputs.setdefault(step, {})
        inputs = (inputs or {}).get(step)
    if not isinstance(inputs, dict) or path[-1] not in inputs:
        outputs[path[-1]] = UNKNOWN


def _set_unknown(outputs: Json, path: Path) -> None:
    """Put `UNKNOWN` at a path, unless its parents lost their shape because something was left out."""
    for index, step in enumerate(path[:-1]):
        if isinstance(outputs, dict) and isinstance(step, str):
            if step not in outputs and isinstance(path[index + 1], int):
                outputs[step] = UNKNOWN  # the server keeps no item without content, so the list is gone
                return
            outputs = outputs.setdefault(step, {})
        elif isinstance(outputs, list) and isinstance(step, int) and step < len(outputs):
            outputs = outputs[step]
        else:
            return
    last = path[-1]
    if isinstance(outputs, list) and isinstance(last, int):
        outputs.insert(min(last, len(outputs)), UNKNOWN)
    elif isinstance(outputs, dict) and isinstance(last, str):
        outputs[last] = UNKNOWN
