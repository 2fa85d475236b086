"""One run of the program against one state: every registration is identified, decided, checked and taken."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

from sandbox.engine import goal as goals
from sandbox.engine import urns
from sandbox.engine.cascade import Doomed, dependents_to_replace
from sandbox.engine.events import Diagnostic, Emit
from sandbox.engine.executor import Executor, StepFailedError, marked
from sandbox.engine.gate import PolicyBlockedError, PolicyGate
from sandbox.engine.goal import Goal, UnsupportedError
from sandbox.engine.ignoring import ignore_changes
from sandbox.engine.provider import Provider, ProviderError, Target
from sandbox.engine.providers.registry import PROVIDER_PREFIX, ProviderRegistry
from sandbox.engine.secrecy import Redactor, annotate
from sandbox.engine.state.record import Record
from sandbox.engine.state.store import Snapshot
from sandbox.engine.steps import Step, decide, unchanged
from sandbox.engine.values import PropertyMap, reveal
from sandbox.errors import SandboxError


class RegistrationError(Exception):
    """A registration cannot be accepted; the message names the resource and the reason."""


class StoppedError(Exception):
    """A registration came after an apply had failed; nothing is begun any more."""


ENGINE_ERRORS = (
    RegistrationError,
    StoppedError,
    UnsupportedError,
    StepFailedError,
    PolicyBlockedError,
    ProviderError,
    SandboxError,
)
"""What a registration may raise; each was told in a diagnostic before it reaches the program."""


@dataclass(frozen=True)
class Registered:
    """What the program is told about a registration.

    Attributes:
        record: the resource.
        failed: it could not be planned; its outputs are unknown.
    """

    record: Record
    failed: bool = False


class Deployment:
    """Takes registrations from many threads at once.

    A plan goes on after a failed registration, so that one run shows every problem. An apply begins nothing after the
    first failure; what is under way ends, and what only waits ends early.
    """

    def __init__(
        self,
        *,
        project: str,
        stack: str,
        snapshot: Snapshot,
        executor: Executor,
        providers: ProviderRegistry,
        gate: PolicyGate,
        redactor: Redactor,
        emit: Emit,
        cancelled: threading.Event,
        planning: bool,
    ) -> None:
        self.project = project
        self.stack = stack
        self.planning = planning
        self.resources: dict[str, Record] = dict(snapshot.resources)
        self.registered: dict[str, Record] = {}
        self.summary = dict.fromkeys(("create", "update", "replace", "delete", "same"), 0)
        self.failed = False
        self.state_changed = False
        self._executor = executor
        self._providers = providers
        self._gate = gate
        self._redactor = redactor
        self._emit = emit
        self._cancelled = cancelled
        self._lock = threading.RLock()
        self._claimed: dict[str, int] = {}
        self._renamed: dict[str, str] = {}
        self._aliases: dict[str, list[str]] = {}
        self._decided: set[str] = set()
        self._doomed: dict[str, Doomed] = {}

    def register(self, request: Any) -> Registered:
        """Take one RegisterResourceRequest.

        A plan reports errors and goes on.

        Raises:
            Exception: one of ENGINE_ERRORS, during an apply.
        """
        urn = urns.build(self.stack, self.project, request.parent, request.type, request.name)
        try:
            return Registered(self._register(request, urn))
        except StoppedError:
            raise
        except ENGINE_ERRORS as error:
            self._tell(error, urn)
            if not self.planning:
                raise
            return Registered(Record(urn, request.type, request.custom), failed=True)

    def refuse(self, what: str, request: Any) -> UnsupportedError:
        """Tell of something that this engine does not do, and return the error to raise.

        Args:
            what: what the program asked for, and how to go on without.
            request: a request with `parent`, `type` and `name`, or without them when it is about no resource.
        """
        named = hasattr(request, "name")
        urn = urns.build(self.stack, self.project, request.parent, request.type, request.name) if named else ""
        error = UnsupportedError(f"{urn}: {what}" if urn else what)
        self._tell(error, urn)
        return error

    def _tell(self, error: Exception, urn: str) -> None:
        self.failed = True
        self._emit(Diagnostic("error", self._redactor.redact(str(error)), urn))
        if not self.planning:
            self._cancelled.set()

    def _register(self, request: Any, urn: str) -> Record:
        if self._cancelled.is_set():
            raise StoppedError(f"{urn} is not begun, because the run has failed")
        sequence = self._claim(urn)
        goal = goals.from_request(request, urn)
        self._redactor.learn(goal.inputs)
        old = self._find_old(urn, goal)
        new = _record(urn, goal, sequence)
        if not goal.custom:
            outputs = old.outputs if old else {}
            component = replace(new, recorded=goal.remote, outputs=outputs)
            return self._settle(Step("same" if old else "create", component, old))
        if goal.type.startswith(PROVIDER_PREFIX):
            return self._register_provider(new, old)
        return self._register_resource(goal, new, old)

    def _claim(self, urn: str) -> int:
        with self._lock:
            if urn in self._claimed:
                raise RegistrationError(
                    f"{urn} is declared twice; two resources of one type under one parent need two names"
                )
            self._claimed[urn] = len(self._claimed)
            return self._claimed[urn]

    def _find_old(self, urn: str, goal: Goal) -> Record | None:
        with self._lock:
            aliases = urns.aliases(urn, goal.parent, goal.aliases, self._aliases)
            self._aliases[urn] = aliases
            if urn in self._renamed:
                raise RegistrationError(
                    f"{urn} is declared, and {self._renamed[urn]} has it as an alias; drop one of them"
                )
            for candidate in (urn, *aliases):
                doomed = self._doomed.get(candidate)
                old = doomed.record if doomed else self.resources.get(candidate)
                if candidate != urn and (candidate in self._renamed or (old and candidate in self._claimed)):
                    other = self._renamed.get(candidate, candidate)
                    raise RegistrationError(
                        f"{urn} has the alias {candidate}, which is {other} already; drop one of them"
                    )
                if old is not None:
                    if candidate != urn:
                        self._renamed[candidate] = urn
                    return old
        return None

    def _settle(self, step: Step) -> Record:
        """Take a step that touches no service: a component, a provider, or a resource that stays as it is."""
        record, old = step.record, step.old
        kept = record
        if old is None or old.urn != record.urn or not unchanged(old, record):
            self.state_changed = True
            kept = self._executor.keep(step, old.urn if old else record.urn)
        elif self.planning:
            self._executor.keep(step, old.urn)
        return self._done(step, kept)

    def _done(self, step: Step, record: Record) -> Record:
        with self._lock:
            self.summary[step.op] += 1
            self.registered[record.urn] = record
            self.resources[record.urn] = record
            if step.old is not None and step.old.urn != record.urn:
                self.resources.pop(step.old.urn, None)
                for urn, other in self.resources.items():
                    self.resources[urn] = other.referring(step.old.urn, record.urn)
        return record

    def _register_provider(self, new: Record, old: Record | None) -> Record:
        record = replace(new, id=old.id if old else new.urn.rsplit("::", 1)[-1], outputs=new.inputs)
        self._providers.declare(record)
        return self._settle(Step("same" if old else "create", record, old))

    def _register_resource(self, goal: Goal, bare: Record, old: Record | None) -> Record:
        provider = self._providers.get(bare)
        inputs, lost = ignore_changes(goal.inputs, old.inputs, goal.ignore_changes) if old else (goal.inputs, [])
        if lost:
            reason = "cannot ignore changes at a path whose elements were added or removed"
            self._emit(Diagnostic("info", f"{reason}: {', '.join(lost)}", bare.urn))
        new = replace(bare, inputs=self._check(goal, bare, inputs, old, provider))
        self._gate.check(new, stop=not self.planning)
        if old is None or old.inputs != new.inputs:
            new = replace(new, inputs=self._redactor.conceal(new.inputs))
        doomed = self._decide_now(old)
        if doomed:
            _wait(doomed)
            step = decide(goal, new, old, provider, replace_reason="something it depends on is replaced")
            step = replace(step, old_gone=True)
        else:
            step = decide(goal, new, old, provider)
        if step.old is not None and step.old.protect and step.op == "replace":
            raise RegistrationError(
                f"{new.urn} is protected and would be replaced because of {_paths(step)}; undo the change, or take "
                "the protection off in one run and replace it in the next"
            )
        return self._take(step, goal, provider)

    def _decide_now(self, old: Record | None) -> Doomed | None:
        """Return the doom of a resource, or see to it that nothing dooms it from now on."""
        with self._lock:
            if old is None:
                return None
            doomed = self._doomed.get(old.urn)
            if doomed is None:
                self._decided.add(old.urn)
            else:
                doomed.declared = True
            return doomed

    def _check(
        self, goal: Goal, bare: Record, inputs: PropertyMap, old: Record | None, provider: Provider
    ) -> PropertyMap:
        target = Target(bare.urn, goal.type, goal.name)
        checked = provider.check(target, reveal(inputs), reveal(old.inputs) if old else None)
        if checked.failures:
            reasons = "; ".join(f"{failure.property}: {failure.reason}" for failure in checked.failures)
            raise RegistrationError(f"{bare.urn}: {reasons}")
        return annotate(checked.inputs, inputs, ())

    def _take(self, step: Step, goal: Goal, provider: Provider) -> Record:
        record, old = step.record, step.old
        former = old.urn if old else record.urn
        if step.op == "same":
            assert old is not None
            outputs = marked(old.outputs, record, goal.additional_secret_outputs, provider)
            return self._settle(replace(step, new=replace(record, id=old.id, outputs=outputs, recorded=old.recorded)))
        if step.op == "create":
            taken = self._executor.create(step, goal, provider)
        elif step.op == "update":
            taken = self._executor.update(step, goal, provider, former)
        else:
            if step.delete_first and not step.old_gone:
                self._delete_dependents(former)
            taken = self._executor.replace(step, goal, provider, former)
        self._redactor.learn(taken.outputs)
        return self._done(step, taken)

    def _delete_dependents(self, urn: str) -> None:
        with self._lock:
            going = dependents_to_replace(urn, self.resources, self._decided | set(self._doomed), self._providers.get)
            for record in going:
                if record.protect:
                    raise RegistrationError(f"{record.urn} is protected and would be replaced along with {urn}")
            self._doomed.update((record.urn, Doomed(record)) for record in going)
        try:
            for record in going:
                if not self.planning:
                    self._executor.delete(record, self._providers.get(record))
                    with self._lock:
                        self.resources.pop(record.urn, None)
                self._doomed[record.urn].settle(gone=True)
        finally:
            for record in going:
                self._doomed[record.urn].settle(gone=False)

    def outputs(self, urn: str, outputs: PropertyMap) -> None:
        """Take the outputs of a component or of the stack.

        Raises:
            RegistrationError, SandboxError: the resource is unknown, or the state cannot be written.
        """
        try:
            self._outputs(urn, outputs)
        except ENGINE_ERRORS as error:
            self._tell(error, urn)
            raise

    def _outputs(self, urn: str, outputs: PropertyMap) -> None:
        self._redactor.learn(outputs)
        with self._lock:
            record = self.registered.get(urn)
            if record is None and self.planning and urn in self._claimed:
                return  # it could not be planned, which was told
            if record is None:
                raise RegistrationError(f"{urn}: outputs were registered for a resource that is not registered")
            known = replace(record, outputs=self._redactor.conceal(outputs))
            changed = record.outputs != known.outputs
            self.state_changed = self.state_changed or changed
            self.registered[urn] = known
            self.resources[urn] = known
        if changed and not self.planning:
            self._executor.keep(Step("same", known, record), urn)

    def leftovers(self) -> dict[str, Record]:
        """Return what the state has and the program no longer declares."""
        with self._lock:
            return {
                urn: record
                for urn, record in self.resources.items()
                if urn not in self.registered and urn not in self._claimed
            }

    def count_deleted_along(self) -> None:
        """Count what went along with a replacement and was not declared again; an apply has deleted it already."""
        if not self.planning:
            self.summary["delete"] += sum(1 for doomed in self._doomed.values() if doomed.gone and not doomed.declared)


def _wait(doomed: Doomed) -> None:
    if not doomed.wait():
        raise StoppedError(f"{doomed.record.urn} could not be deleted")


def _record(urn: str, goal: Goal, sequence: int) -> Record:
    return Record(
        urn=urn,
        type=goal.type,
        custom=goal.custom,
        inputs=goal.inputs,
        parent=goal.parent,
        provider=goal.provider,
        dependencies=goal.dependencies,
        property_dependencies=goal.property_dependencies,
        protect=goal.protect,
        retain_on_delete=goal.retain_on_delete,
        deleted_with=goal.deleted_with,
        ignore_changes=goal.ignore_changes,
        replace_on_changes=goal.replace_on_changes,
        delete_timeout=goal.delete_timeout,
        sequence=sequence,
    )


def _paths(step: Step) -> str:
    return ", ".join(sorted(step.replace_paths)) or step.reason
