"""The end of a program: what is waited for and what is raised, by the SDK's own function and by ours alike."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime import settings, stack

from sandbox.engine import quiescence

Wait = Callable[[], Awaitable[None]]
CALLS: list[asyncio.Future[Any]] = []
"""The event loop holds none of them itself."""


@pytest.fixture(params=["the SDK's", "ours"])
def wait(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wait]:
    monkeypatch.setattr(stack, "wait_for_rpcs", quiescence._wait_for_calls)
    kept = settings.SETTINGS.rpc_manager, settings.SETTINGS.outputs
    settings.SETTINGS.rpc_manager = settings.RPCManager()
    settings.SETTINGS.outputs = set()
    if request.param == "ours":
        quiescence.install()
    yield stack.wait_for_rpcs
    settings.SETTINGS.rpc_manager, settings.SETTINGS.outputs = kept


def run(body: Callable[[], Awaitable[Any]]) -> Any:
    async def limited() -> Any:
        return await asyncio.wait_for(body(), timeout=10)

    return contextvars.copy_context().run(asyncio.run, limited())


async def after(turns: int, value: Any = None) -> Any:
    for _ in range(turns):
        await asyncio.sleep(0)
    if isinstance(value, Exception):
        raise value
    return value


def output(turns: int, value: Any = None) -> pulumi.Output[Any]:
    return pulumi.Output.from_input(after(turns, value))


def begin(call: Callable[[], Awaitable[Any]]) -> None:
    CALLS.append(asyncio.ensure_future(settings.SETTINGS.rpc_manager.do_rpc("a call", call)()))


def test_every_output_is_waited_for_whatever_the_order_in_which_they_end(wait: Wait) -> None:
    ended: list[int] = []

    async def body() -> None:
        for turns in (7, 1, 40, 3):
            output(turns, turns).apply(ended.append)
        await wait()

    run(body)
    assert sorted(ended) == [1, 3, 7, 40]


def test_outputs_and_calls_that_come_while_it_waits_are_waited_for_too(wait: Wait) -> None:
    ended: list[str] = []

    async def call() -> None:
        await after(5)
        ended.append("call")
        output(5, "made by the call").apply(ended.append)

    def next_one(_: object) -> pulumi.Output[Any]:
        begin(call)
        return output(3, "made by an output")

    async def body() -> None:
        output(2).apply(next_one).apply(ended.append)
        await wait()

    run(body)
    assert sorted(ended) == ["call", "made by an output", "made by the call"]


def test_the_first_output_that_fails_is_raised_before_the_others_end(wait: Wait) -> None:
    ended: list[int] = []

    async def body() -> None:
        output(1000, 1000).apply(ended.append)
        output(3, ValueError("first"))
        output(30, ValueError("second"))
        await wait()

    with pytest.raises(ValueError, match="first"):
        run(body)
    assert ended == []


def test_an_output_that_failed_before_anybody_waited_is_raised(wait: Wait) -> None:
    async def body() -> None:
        output(1, ValueError("long ago"))
        await after(20)
        await wait()

    with pytest.raises(ValueError, match="long ago"):
        run(body)


def test_an_output_that_fails_while_it_waits_and_was_made_meanwhile_is_raised(wait: Wait) -> None:
    async def body() -> None:
        output(1000)
        output(2).apply(lambda _: output(2, ValueError("made meanwhile")))
        await wait()

    with pytest.raises(ValueError, match="made meanwhile"):
        run(body)


def test_a_call_that_fails_is_raised_with_its_own_reason(wait: Wait) -> None:
    async def body() -> None:
        begin(lambda: after(2, ValueError("refused")))
        await after(1)
        await wait()

    with pytest.raises(ValueError, match="refused"):
        run(body)


def test_outputs_that_the_sdk_keeps_in_a_set_of_its_own_are_left_to_the_sdk(wait: Wait) -> None:
    settings.SETTINGS.outputs = set()
    ended: list[int] = []

    async def body() -> None:
        output(5, 5).apply(ended.append)
        await wait()

    run(body)
    assert ended == [5]


def test_a_program_without_outputs_ends_at_once(wait: Wait) -> None:
    run(wait)


def test_each_output_gets_one_callback_however_many_end_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = settings.SETTINGS.outputs
    monkeypatch.setattr(stack, "wait_for_rpcs", quiescence._wait_for_calls)
    quiescence.install()
    outputs = settings.SETTINGS.outputs
    noted: list[object] = []
    monkeypatch.setattr(outputs, "_note", lambda task: (noted.append(task), quiescence.Outputs._note(outputs, task)))

    async def body() -> None:
        for turns in range(200):
            output(turns)
        await stack.wait_for_rpcs()

    try:
        run(body)
    finally:
        settings.SETTINGS.outputs = kept
    assert len(noted) == len(set(map(id, noted))) >= 200
    assert not outputs
