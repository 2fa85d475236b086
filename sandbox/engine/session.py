"""The course of one run: recover, refresh, run the program, check the whole, delete what is no longer declared."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sandbox.control_plane.endpoints import Endpoints
from sandbox.engine.deletion import delete_all, in_order, taken_along_by
from sandbox.engine.deployment import Deployment
from sandbox.engine.events import Diagnostic, Emit, RunEnded
from sandbox.engine.executor import Applier, Planner, StepFailedError
from sandbox.engine.gate import PolicyGate
from sandbox.engine.monitor import Monitor
from sandbox.engine.providers.registry import PROVIDER_PREFIX, ProviderRegistry
from sandbox.engine.reconcile import NoKeeper, recover, refresh
from sandbox.engine.secrecy import Redactor
from sandbox.engine.state.crypto import SecretBox
from sandbox.engine.state.record import Record
from sandbox.engine.state.store import Snapshot, StateStore
from sandbox.engine.urns import STACK_TYPE
from sandbox.engine.values import mask

Mode = Literal["plan", "apply", "destroy"]


@dataclass(frozen=True)
class RunRequest:
    """What a run is asked to do.

    Attributes:
        mode: plan, apply or destroy.
        root: the project folder, where Pulumi.yaml stands.
        main: the program's folder inside it.
        project: the project's name.
        stack: the stack's name.
        state_path: the state file; its key stands beside it.
        config: configuration as the SDK reads it: full keys, values as text.
        secret_keys: the keys in `config` whose values are secret.
        refresh: read every live resource first.
        offline: ask no service at all; only a plan can do that.
    """

    mode: Mode
    root: str
    main: str
    project: str
    stack: str
    state_path: str
    config: dict[str, str] = field(default_factory=dict)
    secret_keys: list[str] = field(default_factory=list)
    refresh: bool = False
    offline: bool = False


class Session:
    """Holds what one run works with, and takes it through its phases."""

    def __init__(
        self,
        request: RunRequest,
        endpoints: Endpoints | None,
        gate: PolicyGate,
        redactor: Redactor,
        emit: Emit,
        providers: ProviderRegistry,
    ) -> None:
        self.request = request
        self.cancelled = threading.Event()
        self._endpoints = endpoints
        self._gate = gate
        self._redactor = redactor
        self._emit = emit
        self._providers = providers
        self._planning = request.mode == "plan"
        self._scratch = tempfile.TemporaryDirectory(prefix="plan-")
        self._store = self._open()
        try:
            self._snapshot = self._store.load()
        except BaseException:
            self._store.close()
            self._scratch.cleanup()
            raise
        self._applier = Applier(self._store, emit, redactor, self.cancelled, repair=request.refresh)
        self._learn()

    def _open(self) -> StateStore:
        path = Path(self.request.state_path)
        if self._planning and not path.exists():
            path = Path(self._scratch.name, path.name)
        return StateStore(path, SecretBox.open(path.with_suffix(".key")))

    def _learn(self) -> None:
        known = self._snapshot
        begun = [intent.record for intent in known.intents.values()]
        for record in (*known.resources.values(), *known.condemned.values(), *begun):
            self._redactor.learn(record.inputs)
            self._redactor.learn(record.outputs)
        for record in known.resources.values():
            if record.type.startswith(PROVIDER_PREFIX):
                self._providers.declare(record)

    def run(self, program: Callable[[Monitor], None]) -> RunEnded:
        """Do what the request asks.

        Args:
            program: runs the Pulumi program against a monitor; it raises when the program fails.
        """
        try:
            self._reconcile()
            return self._destroy() if self.request.mode == "destroy" else self._deploy(program)
        finally:
            self._providers.close()
            self._store.close()
            self._scratch.cleanup()

    def _reconcile(self) -> None:
        keeper = NoKeeper() if self._planning else self._store
        recover(self._snapshot, self._providers, keeper, self._emit)
        boots = self._endpoints.boot_ids if self._endpoints else self._snapshot.meta.get("boot_ids")
        if self.request.refresh:
            refresh(self._snapshot, self._providers, keeper, self._emit)
        elif self._snapshot.meta.get("boot_ids", boots) != boots:
            self._emit(Diagnostic("info", "the AWS API was started anew and is empty; its resources are read again"))
            refresh(self._snapshot, self._providers, keeper, self._emit, lambda record: record.type.startswith("aws:"))
        if not self._planning and self._snapshot.meta.get("boot_ids") != boots:
            self._store.note("boot_ids", boots)

    def _deploy(self, program: Callable[[Monitor], None]) -> RunEnded:
        deployment = self._deployment(self._snapshot)
        ok = True
        try:
            program(Monitor(deployment))
        except ProgramFailedError:
            ok = False
        ok = ok and not deployment.failed
        if ok:
            self._gate.check_stack(deployment.registered.values())
            ok = not self._gate.blocked
        if ok:
            ok = self._delete_leftovers(deployment)
        deployment.count_deleted_along()
        if ok and not self._planning:
            self._store.back_up()
        return self._ended(deployment, ok=ok)

    def _deployment(self, snapshot: Snapshot) -> Deployment:
        return Deployment(
            project=self.request.project,
            stack=self.request.stack,
            snapshot=snapshot,
            executor=Planner(self._emit) if self._planning else self._applier,
            providers=self._providers,
            gate=self._gate,
            redactor=self._redactor,
            emit=self._emit,
            cancelled=self.cancelled,
            planning=self._planning,
        )

    def _delete_leftovers(self, deployment: Deployment) -> bool:
        leftovers = deployment.leftovers()
        protected = [urn for urn, record in leftovers.items() if record.protect]
        if protected:
            for urn in protected:
                self._emit(Diagnostic("error", _PROTECTED, urn))
            return False
        unfinished = self._snapshot.condemned
        deployment.summary["delete"] += len(leftovers) + len(unfinished)
        if self._planning:
            planner = Planner(self._emit)
            for record in in_order(leftovers):
                planner.delete(record)
            for record in unfinished.values():
                planner.delete(record, reason="it was replaced by a run that did not finish")
            return True
        return self._delete(leftovers)

    def _delete(self, records: dict[str, Record]) -> bool:
        condemned = self._store.condemned()
        everything = {**records, **condemned}

        def delete(key: str, record: Record) -> None:
            if key in condemned:
                self._applier.delete_condemned(key, record, self._providers.get(record))
            elif not record.custom or record.type.startswith("pulumi:") or taken_along_by(key, everything):
                self._applier.forget(record)
            else:
                self._applier.delete(record, self._providers.get(record))

        failures = delete_all(everything, delete, self.cancelled)
        for failure in failures:
            if not isinstance(failure, StepFailedError):
                self._emit(Diagnostic("error", self._redactor.redact(str(failure))))
        if self.cancelled.is_set():
            self._emit(Diagnostic("error", "interrupted: what was not yet begun is left as it is"))
        return not failures and not self.cancelled.is_set()

    def _destroy(self) -> RunEnded:
        records = self._snapshot.resources
        protected = [urn for urn, record in records.items() if record.protect]
        for urn in protected:
            self._emit(Diagnostic("error", _PROTECTED, urn))
        total = len(records) + len(self._snapshot.condemned)
        ok = not protected and self._delete(records)
        left = self._store.load()
        summary = dict.fromkeys(("create", "update", "replace", "delete", "same"), 0)
        summary["delete"] = total - len(left.resources) - len(left.condemned)
        return RunEnded(ok, summary, {}, state_changed=False, exit_code=0 if ok else 1)

    def _ended(self, deployment: Deployment, *, ok: bool) -> RunEnded:
        stack = next((record for record in deployment.registered.values() if record.type == STACK_TYPE), None)
        outputs: dict[str, Any] = mask(stack.outputs) if stack else {}
        return RunEnded(ok, deployment.summary, outputs, deployment.state_changed, 0 if ok else 1)


class ProgramFailedError(Exception):
    """The program did not run to its end; its diagnostics were emitted."""


_PROTECTED = "it is protected; take the protection off in one run (protect=False) and delete it in the next"
