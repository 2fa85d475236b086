"""One run of the program against one state: every registration is identified, decided, checked and taken."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

from sandbox.engine import goal as goals
from sandbox.engine import urns
from sandbox.engine.cascade import dependents_to_replace
from sandbox.engine.diff import diff
from sandbox.engine.events import Diagnostic, Emit
from sandbox.engine.executor import Executor, StepFailedError
from sandbox.engine.gate import PolicyBlockedError, PolicyGate
from sandbox.engine.goal import Goal, UnsupportedError
from sandbox.engine.provider import Provider, ProviderError, Target
from sandbox.engine.providers.registry import PROVIDER_PREFIX, ProviderRegistry
from sandbox.engine.secrecy import Redactor, annotate
from sandbox.engine.state.record import Record
from sandbox.engine.state.store import Snapshot
from sandbox.engine.steps import Step, apply_ignored, decide, unchanged
from sandbox.engine.values import PropertyMap, reveal


class RegistrationError(Exception):
    """A registration cannot be accepted; the message names the resource and the reason."""


ENGINE_ERRORS = (RegistrationError, UnsupportedError, StepFailedError, PolicyBlockedError, ProviderError)
"""What a registration may fail with; each was told in a diagnostic before it reaches the program."""


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

    A plan goes on after a failed registration, so that one run shows every problem; an apply stops at the first.
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
        self._lock = threading.RLock()
        self._claimed: dict[str, int] = {}
        self._renamed: set[str] = set()
        self._aliases: dict[str, list[str]] = {}
        self._replaced: dict[str, Record] = {}

    def register(self, request: Any) -> Registered:
        """Take one RegisterResourceRequest.

        A plan reports errors and goes on.

        Raises:
            Exception: one of ENGINE_ERRORS, during an apply.
        """
        urn = urns.build(self.stack, self.project, request.parent, request.type, request.name)
        try:
            return Registered(self._register(request, urn))
        except ENGINE_ERRORS as error:
            self.failed = True
            message = self._redactor.redact(str(error))
            self._emit(Diagnostic("error", message, urn))
            if not self.planning:
                raise
            return Registered(Record(urn, request.type, request.custom), failed=True)

    def _register(self, request: Any, urn: str) -> Record:
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
            aliases = urns.aliases(urn, goal.parent, goal.aliases, self._aliases.get(goal.parent, []))
            self._aliases[urn] = aliases
            for candidate in (urn, *aliases):
                taken = candidate != urn and (candidate in self._claimed or candidate in self._renamed)
                if candidate in self.resources and not taken:
                    if candidate != urn:
                        self._renamed.add(candidate)
                    return self.resources[candidate]
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
        return record

    def _register_provider(self, new: Record, old: Record | None) -> Record:
        record = replace(new, id=old.id if old else new.urn.rsplit("::", 1)[-1], outputs=new.inputs)
        self._providers.declare(record)
        return self._settle(Step("same" if old else "create", record, old))

    def _register_resource(self, goal: Goal, bare: Record, old: Record | None) -> Record:
        provider = self._providers.get(bare)
        inputs = apply_ignored(goal.inputs, old.inputs, goal.ignore_changes) if old else goal.inputs
        new = replace(bare, inputs=self._check(goal, bare, inputs, old, provider))
        self._gate.check(new, stop=not self.planning)
        with self._lock:
            doomed = self._replaced.get(old.urn if old else new.urn)
        if doomed is not None:
            step = decide(goal, new, doomed, provider, replace_reason="something it depends on is replaced")
            step = replace(step, old_gone=True)
        else:
            step = decide(goal, new, old, provider)
        if step.old is not None and step.old.protect and step.op == "replace":
            raise RegistrationError(
                f"{new.urn} is protected and would be replaced because of {_paths(step)}; undo the change, or take "
                "the protection off in one run and replace it in the next"
            )
        return self._take(step, goal, provider)

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
            return self._settle(replace(step, new=replace(record, id=old.id, outputs=old.outputs)))
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
            settled = set(self.registered)
            going = dependents_to_replace(urn, self.resources, settled, self._providers.get)
        for record in going:
            if record.protect:
                raise RegistrationError(f"{record.urn} is protected and would be replaced along with {urn}")
        for record in going:
            if not self.planning:
                self._executor.delete(record, self._providers.get(record))
            with self._lock:
                self._replaced[record.urn] = record
                if not self.planning:
                    self.resources.pop(record.urn, None)

    def outputs(self, urn: str, outputs: PropertyMap) -> None:
        """Take the outputs of a component or of the stack."""
        self._redactor.learn(outputs)
        with self._lock:
            record = self.registered.get(urn)
            if record is None:
                raise RegistrationError(f"{urn}: outputs were registered for a resource that is not registered")
            known = replace(record, outputs=self._redactor.conceal(outputs))
            changed = bool(diff(record.outputs, known.outputs))
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
            self.summary["delete"] += sum(1 for urn in self._replaced if urn not in self.registered)


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
        delete_timeout=goal.delete_timeout,
        sequence=sequence,
    )


def _paths(step: Step) -> str:
    return ", ".join(sorted(step.replace_paths)) or step.reason
