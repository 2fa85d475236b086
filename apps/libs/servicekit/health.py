"""Liveness and readiness: is the process alive, and can it do its work right now."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from fastapi import FastAPI, Response
from pydantic import BaseModel, ConfigDict, Field

from servicekit.logs import get_logger
from servicekit.redact import redact_text

logger = get_logger(__name__)


@dataclass(frozen=True)
class Check:
    """One thing that a service needs in order to be ready.

    Attributes:
        name: the dependency's name in reports and metrics.
        target: where it is, for people.
        probe: returns when it can be used, with a remark if something about it is amiss all the same; raises
            otherwise, and the exception's text is reported.
        timeout_seconds: how long it may take.
    """

    name: str
    target: str
    probe: Callable[[], Awaitable[str | None]]
    timeout_seconds: float


class CheckReport(BaseModel):
    """What became of one check."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="The dependency.")
    ok: bool = Field(description="Whether it can be used.")
    reason: str | None = Field(default=None, description="Why it cannot be used, or what is amiss though it can.")
    seconds: float = Field(description="How long the check took.")


class LivenessReport(BaseModel):
    """Answer of a process that is alive."""

    model_config = ConfigDict(frozen=True)

    status: Literal["alive"] = Field(default="alive", description="Always `alive`: a dead process does not answer.")
    service: str = Field(description="The service's name.")
    version: str = Field(description="The service's version.")


class ReadinessReport(BaseModel):
    """Whether the service can do its work, and what each dependency said."""

    model_config = ConfigDict(frozen=True)

    status: Literal["ready", "not_ready", "stopping"] = Field(description="`ready` is the only one served with 200.")
    checks: list[CheckReport] = Field(description="One report per dependency; none while stopping.")


class Health:
    """The state of one service: its checks, and whether it was asked to stop."""

    def __init__(
        self, checks: Sequence[Check], on_report: Callable[[CheckReport], None] = lambda _report: None
    ) -> None:
        """Hold the checks; ``on_report`` is told each result, for metrics."""
        self._checks = tuple(checks)
        self._on_report = on_report
        self._stopping = False
        self._known: dict[str, bool] = {}

    @property
    def stopping(self) -> bool:
        """Whether the service was asked to stop."""
        return self._stopping

    def stop(self) -> None:
        """From now on report `stopping`, so that no new work is sent here."""
        self._stopping = True

    async def readiness(self) -> ReadinessReport:
        """Run all checks side by side; takes as long as the largest time-out at most."""
        if self._stopping:
            return ReadinessReport(status="stopping", checks=[])
        reports = list(await asyncio.gather(*(_run(check) for check in self._checks)))
        for report in reports:
            self._on_report(report)
            self._log_change(report)
        ready = all(report.ok for report in reports)
        return ReadinessReport(status="ready" if ready else "not_ready", checks=reports)

    def _log_change(self, report: CheckReport) -> None:
        if self._known.get(report.name) is report.ok:
            return
        self._known[report.name] = report.ok
        if report.ok:
            logger.info("dependency is ready", dependency=report.name)
        else:
            logger.warning("dependency is not ready", dependency=report.name, reason=report.reason)


def setup_health(app: FastAPI, health: Health, *, service: str, version: str) -> None:
    """Add ``/healthz`` (liveness) and ``/readyz`` (readiness) to an application."""

    @app.get("/healthz", tags=["health"], summary="Is the process alive")
    async def healthz() -> LivenessReport:
        return LivenessReport(service=service, version=version)

    @app.get(
        "/readyz",
        tags=["health"],
        summary="Can the service do its work",
        responses={
            503: {"model": ReadinessReport, "description": "A dependency is missing, or the service is stopping"}
        },
    )
    async def readyz(response: Response) -> ReadinessReport:
        report = await health.readiness()
        if report.status != "ready":
            response.status_code = 503
        return report


async def _run(check: Check) -> CheckReport:
    started = time.monotonic()
    ok, reason = await _outcome(check)
    return CheckReport(name=check.name, ok=ok, reason=reason, seconds=round(time.monotonic() - started, 4))


async def _outcome(check: Check) -> tuple[bool, str | None]:
    probe = asyncio.ensure_future(check.probe())
    try:
        # wait() and not wait_for(): a probe that swallows its cancellation must not hold up the answer.
        await asyncio.wait({probe}, timeout=check.timeout_seconds)
    finally:
        finished = probe.done()
        if not finished:
            probe.add_done_callback(_forget)
            probe.cancel()
    if not finished:
        return False, f"no answer within {check.timeout_seconds:g} s from {check.target}"
    if probe.cancelled():
        return False, f"the check of {check.target} was cancelled"
    error = probe.exception()
    if error is not None:
        return False, redact_text(str(error) or type(error).__name__)
    remark = probe.result()
    return True, None if remark is None else redact_text(remark)


def _forget(probe: asyncio.Future[str | None]) -> None:
    """Take note of a late probe's end, so that the loop does not report it as an error nobody looked at."""
    if not probe.cancelled():
        probe.exception()
