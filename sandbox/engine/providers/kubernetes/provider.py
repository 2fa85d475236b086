"""Create, read, update and delete for every Kubernetes object, by server-side apply."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TypeVar

from sandbox.engine.diff import Change
from sandbox.engine.provider import (
    AlreadyExistsError,
    Checked,
    CheckFailure,
    Created,
    Live,
    Operation,
    PartialFailureError,
    Preview,
    ProviderError,
    Target,
)
from sandbox.engine.providers.kubernetes import apply, fields
from sandbox.engine.providers.kubernetes.apply import Address
from sandbox.engine.providers.kubernetes.client import ApiClient
from sandbox.engine.providers.kubernetes.connection import Connection, Settings
from sandbox.engine.providers.kubernetes.discovery import Discovery, UnknownKindError
from sandbox.engine.providers.kubernetes.drift import compare
from sandbox.engine.providers.kubernetes.errors import RefusedError, scrub, secret_texts
from sandbox.engine.providers.kubernetes.immutable import replaced_by
from sandbox.engine.providers.kubernetes.kinds import Kind, object_id, parse_type, refusal, split_id
from sandbox.engine.providers.kubernetes.manifest import (
    annotation,
    from_manifest,
    normalize,
    shape_failures,
    to_declared,
    to_manifest,
    to_outputs,
)
from sandbox.engine.providers.kubernetes.presence import Presence
from sandbox.engine.providers.kubernetes.preview import Previewer, Purpose, offline
from sandbox.engine.providers.kubernetes.waiting import DeletedError, NotReadyError, Waiter
from sandbox.engine.values import UNKNOWN, PropertyMap, format_path, get_path

T = TypeVar("T")

_CRD = Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
_SERVED_PATIENCE = 15.0
"""Seconds that a definition which is established may take to appear in the discovery document."""
_NO_ACCOUNT = "error looking up service account"
_ACCOUNT_PATIENCE = 10.0
_ACCOUNT_STEP = 0.1


class KubernetesProvider:
    """The provider of the `kubernetes` package; see `sandbox.engine.provider.Provider` for each method's contract.

    Objects are applied by one field manager with strict validation. Requests and waits run on one event loop in a
    thread of its own; any number of threads may call.

    Args:
        connection: the API server and the credentials.
        settings: limits, patience and what the Pulumi provider resource configures.

    Raises:
        ProviderError: the credentials cannot be read.
    """

    def __init__(self, connection: Connection, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._client = ApiClient(connection, self._settings)
        self._discovery = Discovery(self._client)
        self._waiter = Waiter(self._client, self._discovery)
        self._previewer = Previewer(self._client)
        self._presence = Presence(self._client)

    def supports(self, type: str) -> bool:
        """Tell whether the type is a single Kubernetes object; `kinds.refusal` has the reason when it is not."""
        return refusal(type) is None

    def secret_outputs(self, type: str) -> frozenset[str]:
        """Return `data` and `stringData` for a core Secret."""
        return frozenset({"data", "stringData"}) if type == "kubernetes:core/v1:Secret" else frozenset()

    def check(self, target: Target, inputs: PropertyMap, old_inputs: PropertyMap | None) -> Checked:  # noqa: ARG002
        """Complete apiVersion and kind; refuse types that are no single object, and wrong names and labels."""
        reason = refusal(target.type)
        if reason:
            return Checked(inputs, (CheckFailure("type", reason),))
        kind = parse_type(target.type)
        clean = normalize(kind, inputs)
        return Checked(clean, tuple(shape_failures(kind, clean)))

    def replaces(
        self,
        target: Target,
        changes: Sequence[Change],
        old_inputs: PropertyMap,
        new_inputs: PropertyMap,  # noqa: ARG002
    ) -> set[str]:
        """Return the changes that need a new object, decided as pulumi-kubernetes does."""
        return replaced_by(
            parse_type(target.type),
            changes,
            old_inputs,
            config_map_mutable=self._settings.config_map_mutable,
            secret_mutable=self._settings.secret_mutable,
        )

    def delete_before_replace(self, target: Target, old_inputs: PropertyMap, new_inputs: PropertyMap) -> bool:  # noqa: ARG002
        """Tell whether old and new object have one name in one namespace."""
        return all(
            get_path(old_inputs, ("metadata", field)) == get_path(new_inputs, ("metadata", field))
            for field in ("name", "namespace")
        )

    def preview_create(self, target: Target, inputs: PropertyMap) -> Preview:
        """Have the creation validated by a dry run, or by shape where the server cannot know yet."""
        purpose: Purpose = "replace" if target.replaced or self._settings.upsert else "create"
        return self._run(self._preview(parse_type(target.type), inputs, purpose), inputs)

    def preview_update(
        self,
        target: Target,
        id: str,  # noqa: ARG002
        outputs: PropertyMap,  # noqa: ARG002
        old_inputs: PropertyMap,  # noqa: ARG002
        new_inputs: PropertyMap,
    ) -> Preview:
        """Have the update validated by a dry run."""
        return self._run(self._preview(parse_type(target.type), new_inputs, "update"), new_inputs)

    def create(self, target: Target, inputs: PropertyMap, operation: Operation) -> Created:
        """Apply without taking over what others manage, then wait until ready."""
        live = self._run(self._write(parse_type(target.type), inputs, operation, creating=True), inputs)
        return Created(_id_of(live), to_outputs(live))

    def update(
        self,
        target: Target,
        id: str,  # noqa: ARG002
        outputs: PropertyMap,  # noqa: ARG002
        old_inputs: PropertyMap,  # noqa: ARG002
        new_inputs: PropertyMap,
        operation: Operation,
    ) -> PropertyMap:
        """Apply, taking over what others changed; with `operation.repair` remove what others added."""
        live = self._run(self._write(parse_type(target.type), new_inputs, operation, creating=False), new_inputs)
        return to_outputs(live)

    def delete(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap, operation: Operation) -> None:  # noqa: ARG002
        """Delete and wait until gone; an object or a kind that does not exist any more is fine."""
        self._run(self._delete(parse_type(target.type), id, inputs, operation), inputs)

    def read(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap) -> Live | None:  # noqa: ARG002
        """Return the live object compared with the inputs; without inputs (an import), all of it as inputs."""
        kind = parse_type(target.type)
        live = self._run(self._read(kind, id), inputs)
        if live is None or apply.leaving(live):
            return None
        if not inputs:
            return Live(from_manifest(kind, live), to_outputs(live))
        compared, foreign = compare(kind, to_declared(inputs), live)
        found = from_manifest(kind, compared, inputs)
        return Live(found, to_outputs(live), tuple(format_path(path) for path in foreign))

    def recover(self, target: Target, inputs: PropertyMap, nonce: str) -> Created | None:  # noqa: ARG002
        """Find an object of this name that our field manager wrote; it may not be ready yet."""
        kind = parse_type(target.type)
        live = self._run(self._find(kind, inputs), inputs)
        if live is None or apply.leaving(live) or not any(fields.is_ours(entry) for entry in fields.entries(live)):
            return None
        return Created(_id_of(live), to_outputs(live))

    def close(self) -> None:
        """End every request and watch."""
        self._client.close()

    def _run(self, work: Coroutine[None, None, T], inputs: PropertyMap) -> T:
        try:
            return self._client.run(work)
        except NotReadyError as error:
            message = scrub(str(error), secret_texts(inputs))
            raise PartialFailureError(message, id=_id_of(error.live), outputs=to_outputs(error.live)) from None
        except ProviderError as error:
            message = scrub(str(error), secret_texts(inputs))
            if message != str(error):
                raise ProviderError(message) from None
            raise

    async def _address(self, kind: Kind, inputs: PropertyMap, patience: float = 0.0) -> Address:
        mapping = await self._discovery.mapping(kind, patience=patience)
        metadata = inputs["metadata"]
        namespace = (metadata.get("namespace") or self._settings.namespace) if mapping.namespaced else ""
        return Address(mapping, namespace, metadata["name"])

    async def _preview(self, kind: Kind, inputs: PropertyMap, purpose: Purpose) -> Preview:
        metadata = inputs.get("metadata")
        if not isinstance(metadata, dict) or UNKNOWN in (metadata.get("name"), metadata.get("namespace")):
            return offline(inputs)
        try:
            address = await self._address(kind, inputs)
        except UnknownKindError:
            if not kind.custom:
                raise
            return offline(inputs)
        return await self._previewer.preview(address, inputs, purpose)

    async def _write(self, kind: Kind, inputs: PropertyMap, operation: Operation, *, creating: bool) -> PropertyMap:
        address = await self._address(kind, inputs, patience=1.0)
        manifest = to_manifest(inputs, address.namespace)
        action = "create" if creating else "update"
        cancelled = operation.cancelled
        perhaps = creating and await self._presence.maybe(address)
        if perhaps and (there := await apply.read(self._client, address)):
            await self._make_way(address, there, inputs, operation)
        apply_once = partial(
            apply.apply, self._client, address, manifest, action, force=not creating, cancelled=cancelled
        )
        live = await self._after_account(apply_once, cancelled)
        try:
            return await self._settle(address, inputs, live, operation)
        except (NotReadyError, DeletedError):
            raise
        except ProviderError as error:
            raise NotReadyError(f"{address.title}: applied, but then: {error}", live) from error

    async def _make_way(self, address: Address, there: PropertyMap, inputs: PropertyMap, operation: Operation) -> None:
        """Wait until an object that is being deleted is gone; refuse to take over one that stays."""
        if not apply.leaving(there):
            if self._settings.upsert:
                return
            raise apply.taken(address, there)
        try:
            await self._waiter.until_gone(address.mapping, there, operation, self._seconds(inputs, operation))
        except NotReadyError as error:
            raise AlreadyExistsError(
                f"create {address.title}: an object of this name is still there: {error}"
            ) from None

    async def _settle(
        self, address: Address, inputs: PropertyMap, live: PropertyMap, operation: Operation
    ) -> PropertyMap:
        """Do what follows an apply: remove foreign fields if asked, wait until ready, see a new kind served."""
        if operation.repair:
            live = await apply.remove_foreign(self._client, address, to_declared(inputs), live, operation.cancelled)
        if annotation(inputs, "pulumi.com/skipAwait") != "true":
            live = await self._waiter.until_ready(address.mapping, live, operation, self._seconds(inputs, operation))
        if address.mapping.kind == _CRD:
            await self._until_served(live)
        return live

    async def _after_account(
        self, apply_once: Callable[[], Coroutine[None, None, PropertyMap]], cancelled: threading.Event
    ) -> PropertyMap:
        """Apply, giving a new namespace a moment to get its default service account, which pods are refused without."""
        deadline = time.monotonic() + _ACCOUNT_PATIENCE
        while True:
            try:
                return await apply_once()
            except RefusedError as error:
                late = time.monotonic() > deadline or cancelled.is_set()
                if late or error.code != 403 or _NO_ACCOUNT not in error.text:
                    raise
            await asyncio.sleep(_ACCOUNT_STEP)

    async def _until_served(self, definition: PropertyMap) -> None:
        spec = definition["spec"]
        self._discovery.forget(spec["group"])
        for version in spec["versions"]:
            if version.get("served"):
                kind = Kind(spec["group"], version["name"], spec["names"]["kind"])
                await self._discovery.mapping(kind, patience=_SERVED_PATIENCE)

    async def _delete(self, kind: Kind, id: str, inputs: PropertyMap, operation: Operation) -> None:
        address = await self._located(kind, id)
        last = await apply.delete(self._client, address, inputs, operation.cancelled) if address else None
        # skipAwait concerns readiness alone: a replacement can only be created when the old object is gone
        if address is not None and last is not None:
            await self._waiter.until_gone(address.mapping, last, operation, self._seconds(inputs, operation))
        if kind == _CRD:
            self._discovery.forget(get_path(inputs, ("spec", "group"), ""))

    async def _read(self, kind: Kind, id: str) -> PropertyMap | None:
        address = await self._located(kind, id)
        return await apply.read(self._client, address) if address else None

    async def _located(self, kind: Kind, id: str) -> Address | None:
        """Find the path of an object by its id; None when its kind is not served any more."""
        try:
            mapping = await self._discovery.mapping(kind)
        except UnknownKindError:
            return None
        namespace, name = split_id(id)
        return Address(mapping, namespace, name)

    async def _find(self, kind: Kind, inputs: PropertyMap) -> PropertyMap | None:
        try:
            return await apply.read(self._client, await self._address(kind, inputs))
        except UnknownKindError:
            return None

    def _seconds(self, inputs: PropertyMap, operation: Operation) -> float:
        if operation.timeout:
            return operation.timeout
        text = annotation(inputs, "pulumi.com/timeoutSeconds")
        return float(text) if text.isdigit() else self._settings.ready_timeout


def _id_of(live: PropertyMap) -> str:
    metadata = live["metadata"]
    return object_id(metadata.get("namespace") or "", metadata["name"])
