"""Keeping the right versions in service: a new one comes in whole, or not at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pricemodel.forest import ModelError, PriceModel
from pricemodel.native import LibraryMissingError
from pricemodel.registry import CHALLENGER, CHAMPION
from servicekit.background import beside
from servicekit.logs import get_logger

from model_server.measures import Measures
from model_server.sources import Source, SourceUnavailableError

logger = get_logger(__name__)


@dataclass(frozen=True, eq=False)
class Loaded:
    """A version that passed its self-test."""

    version: str
    model: PriceModel
    since: datetime


@dataclass(frozen=True, eq=False)
class Serving:
    """What a request is answered by; it is replaced as a whole, so that a request sees one state from begin to end."""

    champion: Loaded | None = None
    challenger: Loaded | None = None


@dataclass(frozen=True)
class Failure:
    """A version that was not taken, or a source that did not answer."""

    alias: str
    version: str | None
    reason: str
    at: datetime


class Keeper:
    """Asks the source which versions are named, and brings them into service.

    Attributes:
        serving: the versions in service.
        failures: by alias, the last failure; cleared when the alias is in order again.
    """

    def __init__(
        self,
        source: Source,
        measures: Measures,
        *,
        poll_seconds: float,
        retry_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep versions of a source; nothing is asked yet."""
        self._source, self._measures, self._clock = source, measures, clock
        self._poll_seconds, self._retry_seconds = poll_seconds, retry_seconds
        self.serving = Serving()
        self.failures: dict[str, Failure] = {}
        self._refused: dict[str, tuple[str, float]] = {}

    async def ready(self) -> str | None:
        """What is not in order with the champion's alias while a version before it goes on; None when all is well.

        Raises:
            LookupError: there is no champion; the message says why.
        """
        known, champion = self.failures.get(CHAMPION), self.serving.champion
        if champion is None:
            raise LookupError(known.reason if known else f"the champion of {self._source.place} is being loaded")
        if known is None:
            return None
        refused = "the source was asked in vain" if known.version is None else f"version {known.version} was refused"
        return f"version {champion.version} goes on: {refused}: {known.reason}"

    def running(self) -> AbstractAsyncContextManager[None]:
        """Poll for as long as the context lasts."""
        return beside(self._poll)

    async def refresh(self) -> None:
        """Bring both aliases up to date once."""
        for alias in (CHAMPION, CHALLENGER):
            try:
                await self._refresh(alias)
            except SourceUnavailableError as error:
                self._measures.source_failures.inc()
                self._failed(alias, None, str(error))

    async def _poll(self) -> None:
        while True:
            try:
                await self.refresh()
            except Exception:
                # Whatever it was, the next poll may find it mended; what is in service stays there.
                logger.exception("a poll for models failed")
            await asyncio.sleep(self._poll_seconds)

    async def _refresh(self, alias: str) -> None:
        version = await asyncio.to_thread(self._source.named, alias)
        present: Loaded | None = getattr(self.serving, alias)
        if version is None:
            self._none_named(alias, present)
            return
        if present is not None and present.version == version:
            self.failures.pop(alias, None)
            return
        refused, again_at = self._refused.get(alias, ("", 0.0))
        if refused == version and self._clock() < again_at:
            return
        try:
            model = await asyncio.to_thread(self._load, alias, version)
        except (ModelError, LibraryMissingError) as error:
            self._measures.load_failures.labels(alias).inc()
            self._refused[alias] = (version, self._clock() + self._retry_seconds)
            self._failed(alias, version, str(error))
            return
        self._swap(alias, Loaded(version, model, datetime.now(UTC)))

    def _load(self, alias: str, version: str) -> PriceModel:
        model = self._source.load(alias, version)
        model.self_test()
        return model

    def _swap(self, alias: str, loaded: Loaded | None) -> None:
        present: Loaded | None = getattr(self.serving, alias)
        self.serving = replace(self.serving, **{alias: loaded})
        self.failures.pop(alias, None)
        self._refused.pop(alias, None)
        if present is not None:
            self._measures.serving.remove(alias, present.version)
        if loaded is not None:
            self._measures.serving.labels(alias, loaded.version).set(1)
            self._measures.swaps.labels(alias).inc()
        logger.info(
            "model in service",
            alias=alias,
            model_version=loaded and loaded.version,
            before=present and present.version,
        )

    def _none_named(self, alias: str, present: Loaded | None) -> None:
        """A challenger may be withdrawn; a champion that nobody names any more is better than none."""
        if alias == CHALLENGER:
            self.failures.pop(alias, None)
            if present is not None:
                self._swap(alias, None)
        else:
            self._failed(alias, None, f"{self._source.place}: no version is the {alias}; run model-training")

    def _failed(self, alias: str, version: str | None, reason: str) -> None:
        known = self.failures.get(alias)
        if known is None or (known.version, known.reason) != (version, reason):
            logger.warning("model not taken", alias=alias, model_version=version, reason=reason)
        self.failures[alias] = Failure(alias, version, reason, datetime.now(UTC))
