"""The two ways to take a step: a plan asks the provider what would happen, an apply makes it so and remembers it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Protocol

from sandbox.engine.events import Emit, Progress, StepEnded, StepStarted, planned
from sandbox.engine.goal import Goal
from sandbox.engine.provider import (
    AlreadyExistsError,
    Created,
    Operation,
    PartialFailureError,
    Provider,
    ProviderError,
    Target,
)
from sandbox.engine.secrecy import Redactor, annotate
from sandbox.engine.state.record import Intent, Record
from sandbox.engine.state.store import StateStore
from sandbox.engine.steps import Op, Step
from sandbox.engine.urns import parse
from sandbox.engine.values import PropertyMap, reveal

NOT_FINISHED = {kind: f"its last {kind} did not finish" for kind in ("create", "update", "delete")}
"""Why a resource is taken up again whose last operation failed or was interrupted."""


class StepFailedError(Exception):
    """A step failed and its event was emitted; the message names the resource and the cause."""


class Executor(Protocol):
    """Takes steps."""

    def keep(self, step: Step, former_urn: str) -> Record:
        """Keep a resource as it is; only what the state notes about it may change."""
        ...

    def create(self, step: Step, goal: Goal, provider: Provider) -> Record:
        """Create a resource and return it with its id and outputs."""
        ...

    def update(self, step: Step, goal: Goal, provider: Provider, former_urn: str) -> Record:
        """Change a resource in place and return it with its new outputs."""
        ...

    def replace(self, step: Step, goal: Goal, provider: Provider, former_urn: str) -> Record:
        """Replace a resource and return the new one."""
        ...

    def delete(self, record: Record, provider: Provider) -> None:
        """Delete a resource."""
        ...


def marked(outputs: PropertyMap, record: Record, goal_names: tuple[str, ...], provider: Provider) -> PropertyMap:
    """Mark the secret ones among a provider's outputs."""
    return annotate(outputs, record.inputs, (*goal_names, *provider.secret_outputs(record.type)))


class Planner:
    """Asks providers what steps would leave; writes nothing."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def keep(self, step: Step, former_urn: str) -> Record:  # noqa: ARG002 the apply side needs it
        """Tell of a resource that stays as it is."""
        self._emit(planned(step))
        return step.record

    def create(self, step: Step, goal: Goal, provider: Provider) -> Record:
        """Ask what a create would leave."""
        record = step.record
        target = Target(record.urn, record.type, goal.name, replaced=step.delete_first)
        return self._preview(step, goal, provider, lambda: provider.preview_create(target, reveal(record.inputs)))

    def update(self, step: Step, goal: Goal, provider: Provider, former_urn: str) -> Record:  # noqa: ARG002
        """Ask what an update would leave."""
        record, old = step.record, step.old
        assert old is not None
        target = Target(record.urn, record.type, goal.name)
        updated = self._preview(
            step,
            goal,
            provider,
            lambda: provider.preview_update(
                target, old.id, reveal(old.outputs), reveal(old.inputs), reveal(record.inputs)
            ),
        )
        return replace(updated, id=old.id)

    def replace(self, step: Step, goal: Goal, provider: Provider, former_urn: str) -> Record:  # noqa: ARG002
        """Ask what the new resource would be; where the old one goes first, the provider must think it away."""
        return self.create(step, goal, provider)

    def _preview(self, step: Step, goal: Goal, provider: Provider, ask: Callable) -> Record:  # type: ignore[type-arg]
        record = step.record
        try:
            preview = ask()
        except ProviderError as error:
            self._emit(planned(step))
            raise StepFailedError(str(error)) from error
        self._emit(planned(step, preview.validated))
        outputs = marked(preview.outputs, record, goal.additional_secret_outputs, provider)
        return replace(record, outputs=outputs, recorded=preview.validated == "recorded")

    def delete(self, record: Record, provider: Provider | None = None, reason: str = "") -> None:  # noqa: ARG002 as above
        """Tell of a resource that would be deleted."""
        self._emit(planned(Step("delete", None, record, reason=reason)))


@dataclass(frozen=True)
class _Attempt:
    nonce: str
    operation: Operation


class Applier:
    """Makes steps happen: an intent before, the result after, so a kill at any moment loses and doubles nothing."""

    def __init__(
        self, store: StateStore, emit: Emit, redactor: Redactor, cancelled: threading.Event, *, repair: bool
    ) -> None:
        self._store = store
        self._emit = emit
        self._redactor = redactor
        self._cancelled = cancelled
        self._repair = repair

    def keep(self, step: Step, former_urn: str) -> Record:
        """Note what changed about a resource other than its inputs."""
        record = step.record
        self._store.conclude(record, former_urn=former_urn)
        return record

    def create(self, step: Step, goal: Goal, provider: Provider) -> Record:
        """Create, and remember what exists even when it did not become ready."""
        return self._create(step, goal, provider, "create", None)

    def _create(self, step: Step, goal: Goal, provider: Provider, op: Op, replaced: Record | None) -> Record:
        record = step.record
        target = Target(record.urn, record.type, goal.name)
        attempt = self._attempt(record.urn, goal.create_timeout)
        self._store.begin(Intent(record.urn, "create", attempt.nonce, record, replaced))
        with self._reported(op, record):
            try:
                created = provider.create(target, reveal(record.inputs), attempt.operation)
            except PartialFailureError as error:
                made = Created(error.id, error.outputs)
                self._conclude(record, goal, provider, made, errors=(str(error),), replaced=replaced)
                raise
            except AlreadyExistsError:
                self._store.abandon(record.urn)
                raise
            except ProviderError:
                self._settle_failed_create(target, record, goal, provider, attempt.nonce, replaced)
                raise
            return self._conclude(record, goal, provider, created, replaced=replaced)

    def _settle_failed_create(
        self, target: Target, record: Record, goal: Goal, provider: Provider, nonce: str, replaced: Record | None
    ) -> None:
        with suppress(ProviderError):  # when the service cannot be asked, the intent stays for the next run
            left = provider.recover(target, reveal(record.inputs), nonce)
            if left is None:
                self._store.abandon(record.urn)
            else:
                self._conclude(record, goal, provider, left, errors=(NOT_FINISHED["create"],), replaced=replaced)

    def update(self, step: Step, goal: Goal, provider: Provider, former_urn: str) -> Record:
        """Change in place; after a failure the intent stays, so that the next run looks what is there."""
        record, old = step.record, step.old
        assert old is not None
        target = Target(record.urn, record.type, goal.name)
        attempt = self._attempt(record.urn, goal.update_timeout)
        if former_urn != record.urn:
            self._store.conclude(replace(old, urn=record.urn), former_urn=former_urn)
        self._store.begin(Intent(record.urn, "update", attempt.nonce, record))
        with self._reported("update", record):
            try:
                outputs = provider.update(
                    target, old.id, reveal(old.outputs), reveal(old.inputs), reveal(record.inputs), attempt.operation
                )
            except PartialFailureError as error:
                made = Created(error.id, error.outputs)
                self._conclude(record, goal, provider, made, errors=(str(error),))
                raise
            return self._conclude(record, goal, provider, Created(old.id, outputs))

    def replace(self, step: Step, goal: Goal, provider: Provider, former_urn: str) -> Record:  # noqa: ARG002
        """Delete and create, or create and condemn the old one to deletion at the end of the run."""
        old = step.old
        assert old is not None
        if not step.delete_first:
            return self._create(step, goal, provider, "replace", old)
        if old.retain_on_delete:
            self._store.forget(old.urn)
        elif not step.old_gone:
            self._delete(old, provider, "replace")
        return self._create(step, goal, provider, "replace", None)

    def delete(self, record: Record, provider: Provider) -> None:
        """Delete and forget; what is retained on delete is only forgotten."""
        if record.retain_on_delete:
            self.forget(record)
        else:
            self._delete(record, provider, "delete")

    def forget(self, record: Record) -> None:
        """Forget a resource without touching it."""
        self._emit(StepStarted("delete", record.urn, record.type))
        self._store.forget(record.urn)
        self._emit(StepEnded("delete", record.urn, record.type, 0.0))

    def _delete(self, record: Record, provider: Provider, op: Op) -> None:
        attempt = self._attempt(record.urn, record.delete_timeout)
        self._store.begin(Intent(record.urn, "delete", attempt.nonce, record))
        self._remove(record, provider, op, attempt)
        self._store.forget(record.urn)

    def _remove(self, record: Record, provider: Provider, op: Op, attempt: _Attempt) -> None:
        target = Target(record.urn, record.type, parse(record.urn).name)
        with self._reported(op, record):
            provider.delete(target, record.id, reveal(record.inputs), reveal(record.outputs), attempt.operation)

    def delete_condemned(self, nonce: str, record: Record, provider: Provider) -> None:
        """Delete what a replacement left; it needs no intent, since it stays condemned until it is gone."""
        self._remove(record, provider, "delete", self._attempt(record.urn, record.delete_timeout))
        self._store.absolve(nonce)

    def _attempt(self, urn: str, timeout: float | None) -> _Attempt:
        nonce = uuid.uuid4().hex
        report = lambda text: self._emit(Progress(urn, text))  # noqa: E731 a closure over the URN
        return _Attempt(nonce, Operation(nonce, timeout, report, self._repair, self._cancelled))

    def _conclude(
        self,
        record: Record,
        goal: Goal,
        provider: Provider,
        made: Created,
        *,
        errors: tuple[str, ...] = (),
        replaced: Record | None = None,
    ) -> Record:
        secret = marked(made.outputs, record, goal.additional_secret_outputs, provider)
        self._redactor.learn(secret)
        outputs = self._redactor.conceal(secret)
        why = tuple(self._redactor.redact(error) for error in errors)
        concluded = replace(record, id=made.id, outputs=outputs, errors=why)
        self._store.conclude(concluded, former_urn=replaced.urn if replaced else "", replaced=replaced)
        return concluded

    @contextmanager
    def _reported(self, op: Op, record: Record) -> Iterator[None]:
        started = time.monotonic()
        self._emit(StepStarted(op, record.urn, record.type))
        try:
            yield
        except ProviderError as error:
            text = self._redactor.redact(str(error))
            self._emit(StepEnded(op, record.urn, record.type, time.monotonic() - started, text))
            raise StepFailedError(text) from error
        self._emit(StepEnded(op, record.urn, record.type, time.monotonic() - started))
