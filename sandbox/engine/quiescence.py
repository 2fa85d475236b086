"""Waits for the end of a program's outputs in time that grows with their number, and not with its square.

At the end of a program the SDK waits for whatever is still to be resolved. Each time one output is, its
``wait_for_rpcs`` begins to wait for all the others anew: with a hundred tenants that was nearly half of the processor
time of a deployment (`python -m bench tenants` measures it). Only the child process in which the embedded engine runs a
program installs this.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from pulumi.runtime import settings, stack

Task = asyncio.Future[Any]

_wait_for_calls = stack.wait_for_rpcs


class Outputs(set[Task]):
    """The outputs that the SDK keeps track of, and which of them nobody waits for yet.

    The SDK adds an output when it is made and removes it when it is resolved, or when another one has taken over
    the responsibility for it. One that fails stays, so that its reason is raised at the end.
    """

    def __init__(self) -> None:
        super().__init__()
        self._fresh: list[Task] = []
        self._ended: deque[Task] = deque()
        self._woken = asyncio.Event()

    def add(self, task: Task) -> None:
        """Keep track of an output."""
        super().add(task)
        self._fresh.append(task)

    async def resolved(self) -> None:
        """Wait until there is none left, those included that are made meanwhile; the first failure is raised."""
        while True:
            self._wait_for_fresh()
            if not self:
                return
            await self._woken.wait()
            self._woken.clear()
            while self._ended:
                task = self._ended.popleft()
                # The SDK's own callback came first: what was resolved, or is another's to answer for, is gone.
                if task in self:
                    self.remove(task)
                    await task

    def _wait_for_fresh(self) -> None:
        with settings.SETTINGS.lock:
            fresh, self._fresh = self._fresh, []
            waiting = [task for task in fresh if task in self]
        for task in waiting:
            task.add_done_callback(self._note)

    def _note(self, task: Task) -> None:
        self._ended.append(task)
        self._woken.set()


def install() -> None:
    """Wait this way for the outputs of the program that is run next; after ``reset_options``, which makes new ones."""
    settings.SETTINGS.outputs = Outputs()
    stack.wait_for_rpcs = wait_for_rpcs


async def wait_for_rpcs(await_all_outstanding_tasks: bool = True) -> None:
    """Wait for calls as the SDK does, then for outputs, until neither is left.

    Raises:
        Exception: what the first call or output that failed raised.
    """
    calls = settings.SETTINGS.rpc_manager
    outputs = settings.SETTINGS.outputs
    if not isinstance(outputs, Outputs):
        await _wait_for_calls(await_all_outstanding_tasks)
        return
    while True:
        await _wait_for_calls(await_all_outstanding_tasks=False)
        if await_all_outstanding_tasks:
            await outputs.resolved()
        if not calls.rpcs:
            return
