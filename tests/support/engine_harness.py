"""Runs small Pulumi programs through the embedded engine against a service that lives in memory."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pulumi

from policies.runtime import Packs
from sandbox.control_plane.endpoints import Endpoints
from sandbox.engine.diff import Change
from sandbox.engine.events import Event
from sandbox.engine.gate import PolicyGate
from sandbox.engine.goal import UnsupportedError
from sandbox.engine.host import RunReport
from sandbox.engine.monitor import Monitor
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
from sandbox.engine.providers.registry import ProviderRegistry
from sandbox.engine.run import ProgramRunner
from sandbox.engine.secrecy import Redactor
from sandbox.engine.session import Mode, RunRequest, Session
from sandbox.engine.state.crypto import SecretBox
from sandbox.engine.state.store import Snapshot, StateStore
from sandbox.engine.values import UNKNOWN, PropertyMap

Drive = Callable[[Monitor, threading.Event], None]


@dataclass
class FakeCloud:
    """A service with named things; inputs `name` and `fixed` cannot be changed in place.

    Attributes:
        things: inputs of what exists, by id.
        serials: the number of each thing's creation, counted from 1.
        creations: counts them.
        calls: every call, as (verb, Pulumi name).
        nonces: the nonce each thing was created with.
        fail: called with (verb, Pulumi name) before each call; raises to make it fail.
    """

    things: dict[str, PropertyMap] = field(default_factory=dict)
    serials: dict[str, int] = field(default_factory=dict)
    creations: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    calls: list[tuple[str, str]] = field(default_factory=list)
    nonces: dict[str, str] = field(default_factory=dict)
    fail: Callable[[str, str], None] = lambda verb, name: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, verb: str, name: str) -> None:
        with self.lock:
            self.calls.append((verb, name))
        self.fail(verb, name)

    def verbs(self, name: str) -> list[str]:
        return [verb for verb, called in self.calls if called == name]

    def writes(self) -> list[tuple[str, str]]:
        """The calls that changed something, in order."""
        return [call for call in self.calls if call[0] in {"create", "update", "delete"}]


class FakeProvider:
    """Serves `fake:index:Thing` and `fake:index:Box`; ids are the `name` input, or the URN's name plus a nonce."""

    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud

    def supports(self, type: str) -> bool:
        return type in {"fake:index:Thing", "fake:index:Box", "aws:index:Thing"}

    def secret_outputs(self, type: str) -> frozenset[str]:
        return frozenset({"password"})

    def check(self, target: Target, inputs: PropertyMap, old_inputs: PropertyMap | None) -> Checked:
        failures = [CheckFailure("bad", "it may not be set; leave it out")] if "bad" in inputs else []
        return Checked(inputs, failures)

    def replaces(
        self, target: Target, changes: Sequence[Change], old_inputs: PropertyMap, new_inputs: PropertyMap
    ) -> set[str]:
        return {change.text for change in changes if change.path[0] in ("name", "fixed")}

    def delete_before_replace(self, target: Target, old_inputs: PropertyMap, new_inputs: PropertyMap) -> bool:
        return "name" in old_inputs and old_inputs["name"] == new_inputs.get("name")

    def preview_create(self, target: Target, inputs: PropertyMap) -> Preview:
        self._cloud.call("preview_create", target.name)
        return Preview(inputs | {"computed": UNKNOWN, "serial": UNKNOWN}, "server")

    def preview_update(
        self, target: Target, id: str, outputs: PropertyMap, old_inputs: PropertyMap, new_inputs: PropertyMap
    ) -> Preview:
        self._cloud.call("preview_update", target.name)
        computed = outputs["computed"] if old_inputs.get("size") == new_inputs.get("size") else UNKNOWN
        return Preview(self._outputs(new_inputs, outputs["serial"]) | {"computed": computed}, "server")

    def create(self, target: Target, inputs: PropertyMap, operation: Operation) -> Created:
        self._cloud.call("create", target.name)
        id = inputs.get("name") or f"{target.name}-{operation.nonce[:6]}"
        with self._cloud.lock:
            if id in self._cloud.things:
                raise AlreadyExistsError(f"{id} exists already")
            self._cloud.things[id] = inputs
            self._cloud.nonces[id] = operation.nonce
            self._cloud.serials[id] = next(self._cloud.creations)
        self._cloud.fail("created", target.name)
        if inputs.get("ready") is False:
            raise PartialFailureError(f"{id} is not ready", id=id, outputs=self._seen(id))
        return Created(id, self._seen(id))

    def update(
        self,
        target: Target,
        id: str,
        outputs: PropertyMap,
        old_inputs: PropertyMap,
        new_inputs: PropertyMap,
        operation: Operation,
    ) -> PropertyMap:
        self._cloud.call("update", target.name)
        if id not in self._cloud.things:
            raise ProviderError(f"{id} does not exist")
        self._cloud.things[id] = new_inputs
        self._cloud.fail("updated", target.name)
        if new_inputs.get("ready") is False:
            raise PartialFailureError(f"{id} is not ready", id=id, outputs=self._seen(id))
        return self._seen(id)

    def delete(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap, operation: Operation) -> None:
        self._cloud.call("delete", target.name)
        self._cloud.things.pop(id, None)
        self._cloud.fail("deleted", target.name)

    def read(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap) -> Live | None:
        self._cloud.call("read", target.name)
        live = self._cloud.things.get(id)
        foreign = [key for key in live or {} if key.startswith("foreign")]
        known = {key: value for key, value in (live or {}).items() if key not in foreign}
        return None if live is None else Live(known, self._seen(id), foreign)

    def recover(self, target: Target, inputs: PropertyMap, nonce: str) -> Created | None:
        self._cloud.call("recover", target.name)
        for id, made_with in self._cloud.nonces.items():
            if made_with == nonce and id in self._cloud.things:
                return Created(id, self._seen(id))
        return None

    def close(self) -> None:
        return None

    def _seen(self, id: str) -> PropertyMap:
        return self._outputs(self._cloud.things[id], self._cloud.serials.get(id, 0))

    @staticmethod
    def _outputs(inputs: PropertyMap, serial: int) -> PropertyMap:
        computed = f"computed-{inputs.get('size', 0)}"
        return inputs | {"computed": computed, "serial": serial, "password": "generated-password"}


class Thing(pulumi.CustomResource):
    """A thing of the fake service."""

    computed: pulumi.Output[str]
    serial: pulumi.Output[int]
    password: pulumi.Output[str]
    size: pulumi.Output[Any]
    label: pulumi.Output[Any]

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None, /, **props: Any) -> None:
        made = dict.fromkeys(("computed", "serial", "password", "size", "label"))
        super().__init__("fake:index:Thing", resource_name, {**made, **props}, opts)


class Box(pulumi.CustomResource):
    """A thing of another type."""

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None, /, **props: Any) -> None:
        super().__init__("fake:index:Box", resource_name, props, opts)


class Group(pulumi.ComponentResource):
    """A component of the test programs."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Group", name, None, opts)


class Harness:
    """One stack, one fake service, as many runs as a test needs."""

    def __init__(self, folder: Path, packs: Packs | None = None) -> None:
        self.cloud = FakeCloud()
        self.state_path = folder / "test.db"
        self.events: list[Event] = []
        self.boot_ids: dict[str, str] = {}
        self._folder = folder
        self._packs = packs or Packs((), {})

    def run(
        self,
        mode: Mode,
        program: Callable[[], None] | None = None,
        *,
        refresh: bool = False,
        listen: Callable[[Event], None] = lambda _: None,
    ) -> RunReport:
        report = RunReport()
        self.events = []

        def emit(event: Event) -> None:
            self.events.append(event)
            report.take(event)
            listen(event)

        request = RunRequest(mode, str(self._folder), ".", "proj", "test", str(self.state_path), refresh=refresh)
        redactor = Redactor()
        registry = ProviderRegistry(self._factory)
        session = Session(
            request,
            replace(_endpoints(self._folder), boot_ids=self.boot_ids),
            PolicyGate(self._packs, "test", emit),
            redactor,
            emit,
            registry,
        )
        drive = self._driver(request, emit, redactor, program or (lambda: None))
        emit(session.run(lambda monitor: drive(monitor, session.cancelled)))
        return report

    def _driver(self, request: RunRequest, emit: Any, redactor: Redactor, program: Callable[[], None]) -> Drive:
        """Return what runs the program against a monitor."""
        return _FunctionRunner(request, emit, redactor, program).run

    def plan(self, program: Callable[[], None], *, refresh: bool = False) -> RunReport:
        return self.run("plan", program, refresh=refresh)

    def apply(self, program: Callable[[], None], *, refresh: bool = False) -> RunReport:
        return self.run("apply", program, refresh=refresh)

    def destroy(self) -> RunReport:
        return self.run("destroy")

    def state(self) -> Snapshot:
        store = StateStore(self.state_path, SecretBox.open(self.state_path.with_suffix(".key")))
        try:
            return store.load()
        finally:
            store.close()

    def _factory(self, package: str, inputs: PropertyMap) -> FakeProvider:
        if package not in {"fake", "aws"}:
            raise UnsupportedError(f"no provider for {package}")
        return FakeProvider(self.cloud)


class _FunctionRunner(ProgramRunner):
    """Runs a function in place of a program folder."""

    def __init__(self, request: RunRequest, emit: Any, redactor: Redactor, program: Callable[[], None]) -> None:
        super().__init__(request, emit, redactor)
        self._program = program

    def _load(self, folder: str) -> None:
        self._program()


def fake_provider(name: str = "cloud") -> pulumi.ProviderResource:
    """The provider that test programs hand to their things."""
    return pulumi.ProviderResource("fake", name, {})


def urn(name: str, type: str = "fake:index:Thing") -> str:
    """The URN of a thing without a parent."""
    return f"urn:pulumi:test::proj::{type}::{name}"


def _endpoints(folder: Path) -> Endpoints:
    return Endpoints("test", folder, "https://127.0.0.1:1", folder, folder, folder, folder, "http://127.0.0.1:2")
