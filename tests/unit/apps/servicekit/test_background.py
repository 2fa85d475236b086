import asyncio

import pytest
from servicekit.background import Background, beside


async def run(work: object, seconds: float = 0.01) -> tuple[Background, list[str]]:
    stopped: list[str] = []
    background = Background(work, lambda: stopped.append("stop"))  # type: ignore[arg-type]
    async with background.lifespan(None):
        await asyncio.sleep(seconds)
    return background, stopped


async def test_work_is_ended_with_the_application():
    ended = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    background, stopped = await run(work)
    assert (ended, stopped, background.failure) == ([1], [], None)


async def test_work_that_fails_stops_the_process_and_says_why():
    async def work() -> None:
        raise RuntimeError("broken")

    background, stopped = await run(work)
    assert (str(background.failure), stopped) == ("broken", ["stop"])


async def test_work_that_ends_by_itself_has_failed():
    async def work() -> None:
        return None

    background, stopped = await run(work)
    assert (str(background.failure), stopped) == ("the work ended, which it never should", ["stop"])


async def test_what_is_done_beside_a_block_ends_with_it_also_when_the_block_fails():
    ended = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    async def block() -> None:
        async with beside(work):
            await asyncio.sleep(0)
            raise KeyError("of the block")

    with pytest.raises(KeyError, match="of the block"):
        await block()
    assert ended == [1]


async def test_what_is_done_beside_a_block_may_end_before_it():
    done = []

    async def work() -> None:
        done.append(1)

    async with beside(work):
        await asyncio.sleep(0.01)
    assert done == [1]
