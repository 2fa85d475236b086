"""The writes: server-side apply, deletion and the removal of what was added by hand."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass

from sandbox.engine.provider import AlreadyExistsError, ProviderError
from sandbox.engine.providers.kubernetes import fields
from sandbox.engine.providers.kubernetes.client import APPLY, JSON_PATCH, ApiClient, Call
from sandbox.engine.providers.kubernetes.discovery import Mapping
from sandbox.engine.providers.kubernetes.drift import compare, removal_patch
from sandbox.engine.providers.kubernetes.errors import RefusedError
from sandbox.engine.providers.kubernetes.manifest import annotation
from sandbox.engine.values import PropertyMap, get_path

_OWNERS = frozenset(
    {
        ("", "ReplicationController"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
        ("batch", "CronJob"),
        ("batch", "Job"),
    }
)
"""Kinds whose dependents must be gone before they count as gone."""

_POLICIES = {"orphan": "Orphan", "background": "Background", "foreground": "Foreground"}
_ATTEMPTS = 5


@dataclass(frozen=True)
class Address:
    """One object: its kind's mapping, its namespace (empty for a cluster-wide one) and its name."""

    mapping: Mapping
    namespace: str
    name: str

    @property
    def path(self) -> str:
        """The path of the object."""
        return self.mapping.path(self.namespace, self.name)

    @property
    def title(self) -> str:
        """Kind, namespace and name, as a message says them."""
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.mapping.kind.kind} {where}"


async def apply(
    client: ApiClient,
    address: Address,
    manifest: PropertyMap,
    action: str,
    *,
    force: bool,
    dry_run: bool = False,
    cancelled: threading.Event | None = None,
) -> PropertyMap:
    """Apply a manifest as our field manager, with strict validation; return the object with its `managedFields`.

    Args:
        client: how to reach the API server.
        address: the object.
        manifest: what to apply.
        action: `create` or `update`, for messages.
        force: take over fields that others manage; otherwise that is an error naming them.
        dry_run: have it validated and admitted, but not stored.
        cancelled: stops the retries.
    """
    params = [("fieldManager", fields.MANAGER), ("force", "true" if force else "false"), ("fieldValidation", "Strict")]
    if dry_run:
        params.append(("dryRun", "All"))
    body = json.dumps(manifest, ensure_ascii=False, separators=(",", ":")).encode()
    call = Call("PATCH", address.path, f"{action} {address.title}", tuple(params), body, APPLY, cancelled=cancelled)
    result: PropertyMap = await client.request(call)
    return result


def leaving(live: PropertyMap) -> bool:
    """Tell whether an object's deletion has begun: it is gone soon, and nothing can be made of it any more."""
    return bool(live["metadata"].get("deletionTimestamp"))


def taken(address: Address, live: PropertyMap) -> AlreadyExistsError:
    """Say that an object cannot be created, since one of its name is there."""
    managers = ", ".join(sorted({entry.get("manager") or "" for entry in fields.entries(live)})) or "nobody"
    return AlreadyExistsError(
        f"create {address.title}: an object of this name exists already (managed by {managers}), and it is not this "
        "resource's. To fix it: after a rename in the program give the resource an alias of its old name; for a "
        "replacement under the same name set delete_before_replace; otherwise "
        "choose another metadata.name, delete the object, or set upsertExistingObjects on the provider to take it over"
    )


async def remove_foreign(
    client: ApiClient, address: Address, declared: PropertyMap, live: PropertyMap, cancelled: threading.Event
) -> PropertyMap:
    """Remove what was added to an object by hand; return the object as it is then.

    Raises:
        ProviderError: the object keeps changing, or the server refuses the removal.
    """
    action = f"remove foreign fields of {address.title}"
    last: RefusedError | None = None
    for _ in range(_ATTEMPTS):
        _, foreign = compare(address.mapping.kind, declared, live)
        if not foreign:
            return live
        body = json.dumps(removal_patch(live, foreign)).encode()
        params = (("fieldManager", fields.MANAGER),)
        try:
            call = Call("PATCH", address.path, action, params, body, JSON_PATCH, cancelled=cancelled)
            result: PropertyMap = await client.request(call)
        except RefusedError as error:
            current = await read(client, address)
            if current is None or current["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]:
                raise
            last, live = error, current
        else:
            return result
    raise ProviderError(f"{action}: somebody changes the object all the time; last: {last}")


async def read(client: ApiClient, address: Address) -> PropertyMap | None:
    """Return the live object with its `managedFields`; None when there is none."""
    try:
        result: PropertyMap = await client.request(Call("GET", address.path, f"read {address.title}"))
    except RefusedError as error:
        if error.code == 404:
            return None
        raise
    return result


def propagation(address: Address, inputs: PropertyMap) -> str:
    """Choose what a deletion does with dependents.

    pulumi-kubernetes deletes in the foreground. The same is done where something depends on the object; for the others
    (which only wait for the garbage collector then) the end is the same and comes at once.
    """
    chosen = annotation(inputs, "pulumi.com/deletionPropagationPolicy").lower()
    if chosen in _POLICIES:
        return _POLICIES[chosen]
    kind = address.mapping.kind
    return "Foreground" if (kind.group, kind.kind) in _OWNERS else "Background"


async def delete(
    client: ApiClient, address: Address, inputs: PropertyMap, cancelled: threading.Event
) -> PropertyMap | None:
    """Delete an object; return its last state when it goes on existing for a while, None when it is gone."""
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation(address, inputs)}
    body = json.dumps(options).encode()
    call = Call("DELETE", address.path, f"delete {address.title}", body=body, cancelled=cancelled)
    try:
        answer: PropertyMap = await client.request(call)
    except RefusedError as error:
        if error.code == 404:
            return None
        live = await read(client, address) if error.code == 409 else None
        if live is not None and get_path(live, ("metadata", "deletionTimestamp")):
            return live
        raise
    return None if answer.get("kind") == "Status" else answer
