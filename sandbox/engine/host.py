"""Starts runs in fresh child processes and hands on what they tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field

from sandbox.control_plane.endpoints import Endpoints
from sandbox.deathsignal import die_with_parent
from sandbox.engine import events
from sandbox.engine.events import (
    Diagnostic,
    Event,
    PolicyFinding,
    Progress,
    RunEnded,
    StepEnded,
    StepPlanned,
    StepStarted,
)
from sandbox.engine.session import RunRequest

_EVENTS = (StepPlanned, StepStarted, StepEnded, Progress, Diagnostic, PolicyFinding, RunEnded)


@dataclass
class RunReport:
    """All that a run told, for those who want it at the end.

    Attributes:
        steps: the planned steps by URN, deletions last and in their order.
        failures: steps that failed.
        diagnostics: messages.
        findings: policy findings.
        ended: how it ended; None when the process died.
    """

    steps: list[StepPlanned] = field(default_factory=list)
    failures: list[StepEnded] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    findings: list[PolicyFinding] = field(default_factory=list)
    ended: RunEnded | None = None

    @property
    def ok(self) -> bool:
        """Tell whether the run succeeded."""
        return self.ended is not None and self.ended.ok

    @property
    def summary(self) -> dict[str, int]:
        """How many resources had each operation; zeros where nothing is known."""
        zeros = dict.fromkeys(("create", "update", "replace", "delete", "same"), 0)
        return zeros | (self.ended.summary if self.ended else {})

    @property
    def changes(self) -> int:
        """How many resources are not as they should be."""
        return sum(count for op, count in self.summary.items() if op != "same")

    @property
    def exit_code(self) -> int:
        """What a command should exit with after this run."""
        return self.ended.exit_code if self.ended else 1

    def take(self, event: Event) -> None:
        """Sort an event into its place."""
        if isinstance(event, StepPlanned):
            self.steps.append(event)
        elif isinstance(event, StepEnded) and event.error:
            self.failures.append(event)
        elif isinstance(event, Diagnostic):
            self.diagnostics.append(event)
        elif isinstance(event, PolicyFinding):
            self.findings.append(event)
        elif isinstance(event, RunEnded):
            self.ended = event


class Run:
    """A child process that is ready to do one run; starting it early hides the time that its imports take."""

    def __init__(self, keep: Sequence[int] = ()) -> None:
        """Start the process.

        Args:
            keep: descriptors that it inherits, such as the lock that must last as long as the run.
        """
        read, write = os.pipe()
        environment = {key: value for key, value in os.environ.items() if not _ambient(key)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.engine.run", str(write)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(write, *keep),
            preexec_fn=die_with_parent(),  # noqa: PLW1509 it takes no lock
            process_group=0,
            text=True,
            env=environment | {"PYTHONUNBUFFERED": "1"},
        )
        os.close(write)
        self._events = os.fdopen(read, encoding="utf-8")

    def execute(self, request: RunRequest, endpoints: Endpoints | None, listen: Callable[[Event], None]) -> RunReport:
        """Do the run; `listen` is called with each event as it comes.

        A KeyboardInterrupt lets what is under way finish; a second one ends the process at once.
        """
        report = RunReport()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            json.dump(
                {"request": asdict(request), "endpoints": endpoints.to_json() if endpoints else None},
                self._process.stdin,
            )
            self._process.stdin.close()
        try:
            self._follow(report, listen)
        except KeyboardInterrupt:
            self._process.terminate()
            listen(Diagnostic("warning", "interrupted: finishing what is under way (interrupt again to stop at once)"))
            try:
                self._follow(report, listen)
            except KeyboardInterrupt:
                self._process.kill()
        self._events.close()
        self._finish(report, listen)
        # Registrations arrive in no fixed order; deletions keep theirs, which says what waits for what.
        report.steps.sort(key=lambda step: (step.op == "delete", "" if step.op == "delete" else step.urn))
        return report

    def _follow(self, report: RunReport, listen: Callable[[Event], None]) -> None:
        for line in self._events:
            event = _read(line)
            report.take(event)
            listen(event)

    def _finish(self, report: RunReport, listen: Callable[[Event], None]) -> None:
        assert self._process.stdout is not None
        rest = self._process.stdout.read().strip()
        code = self._process.wait()
        if report.ended is None:
            how = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            text = (
                f"the run was {how} before it was done; run the same command again: it takes up where this one stopped"
            )
            event = Diagnostic("error", f"{text}\n{rest}" if rest else text)
            report.take(event)
            listen(event)

    def abandon(self) -> None:
        """End a child that is not needed."""
        self._process.kill()
        self._process.wait()
        self._events.close()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()


def _ambient(key: str) -> bool:
    return key == "KUBECONFIG" or key.startswith(("AWS_", "PULUMI_"))


def _read(line: str) -> Event:
    data = json.loads(line)
    kind = data.pop("event")
    event: Event = getattr(events, kind)(**data)
    assert isinstance(event, _EVENTS)
    return event
