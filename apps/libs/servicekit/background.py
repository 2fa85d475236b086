"""Work that goes on beside the requests, begun and ended with the application."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from servicekit.logs import get_logger

logger = get_logger(__name__)


@asynccontextmanager
async def beside(work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Do a piece of work that deals with its failures itself for as long as the context lasts."""
    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Background:
    """A piece of work without end, as the lifespan of an application: ``FastAPI(lifespan=background.lifespan)``.

    If it fails, the process ends.

    Attributes:
        failure: why it ended although nobody asked it to; None while all is well. The process's exit code is then 1.
    """

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]], stop: Callable[[], None] | None = None) -> None:
        """Run ``work`` beside an application; ``stop`` ends the process in an orderly way, by SIGTERM by default."""
        self._work = work
        self._stop = stop or (lambda: signal.raise_signal(signal.SIGTERM))
        self.failure: BaseException | None = None

    @asynccontextmanager
    async def lifespan(self, _app: Any) -> AsyncIterator[None]:
        """Work for as long as the application is served."""
        task = asyncio.create_task(self._work())
        task.add_done_callback(self._ended)
        try:
            yield
        finally:
            task.remove_done_callback(self._ended)
            task.cancel()
            await asyncio.wait({task})

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        self.failure = task.exception() or RuntimeError("the work ended, which it never should")
        logger.error("the work beside the requests failed; the process stops", exc_info=self.failure)
        self._stop()
