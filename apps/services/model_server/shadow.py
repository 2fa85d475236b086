"""The shadow: the challenger answers what the champion answered, later and unseen, and the two are compared."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import numpy as np
from pricemodel.forest import ModelError, Predicted
from pricemodel.history import Floats
from servicekit.background import beside
from servicekit.logs import get_logger

from model_server.keeper import Loaded
from model_server.measures import Measures

logger = get_logger(__name__)


@dataclass(frozen=True, eq=False)
class Mirrored:
    """A request that the champion has answered, and the version that is to answer it too."""

    challenger: Loaded
    symbols: Sequence[str]
    features: Floats
    prices: Floats
    answered: Predicted


class Shadow:
    """A bounded queue and one worker: it can fall behind and leave requests out, but never hold one up."""

    def __init__(self, measures: Measures, *, most_waiting: int) -> None:
        """Make an empty queue."""
        self._measures = measures
        self._queue: asyncio.Queue[Mirrored] = asyncio.Queue(most_waiting)

    def mirror(self, request: Mirrored) -> None:
        """Take a request, or leave it out when too many wait."""
        try:
            self._queue.put_nowait(request)
        except asyncio.QueueFull:
            self._measures.shadow_dropped.inc()

    async def settled(self) -> None:
        """Return when everything that was taken has been compared."""
        await self._queue.join()

    def running(self) -> AbstractAsyncContextManager[None]:
        """Work for as long as the context lasts; what waits at its end is left out."""
        return beside(self._work)

    async def _work(self) -> None:
        while True:
            request = await self._queue.get()
            try:
                said = await asyncio.to_thread(
                    request.challenger.model.predict, request.symbols, request.features, request.prices
                )
                self._compare(request, said)
            except ModelError as error:
                self._measures.shadow_failures.inc()
                logger.debug("the shadow cannot answer", reason=str(error))
            except Exception:
                self._measures.shadow_failures.inc()
                logger.exception("the shadow failed")
            finally:
                self._queue.task_done()

    def _compare(self, request: Mirrored, said: Predicted) -> None:
        version = request.challenger.version
        agreed = int(np.count_nonzero(said.direction == request.answered.direction))
        self._measures.shadow_rows.labels(version, "yes").inc(agreed)
        self._measures.shadow_rows.labels(version, "no").inc(len(request.symbols) - agreed)
        champions = request.answered.prediction
        for share in (np.abs(said.prediction - champions) / champions).tolist():
            self._measures.shadow_difference.labels(version).observe(share)
