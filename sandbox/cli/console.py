"""What a person sees of a run: progress on standard error, results on standard output, plain when not a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TextIO

from sandbox.deploy import cost
from sandbox.deploy.tree import SIGNS, render_components, render_tree
from sandbox.engine.events import Diagnostic, Event, PolicyFinding, Progress, RunEnded, StepEnded, StepStarted
from sandbox.engine.host import RunReport
from sandbox.engine.urns import parse

_LARGE = 40
"""Changed resources above which `up` shows its plan by component; `preview` always shows every resource."""

_QUIET_SECONDS = 5.0
"""How long an operation waits before its progress is shown."""


_UNKNOWN = "UNKNOWN: "
"""How the message of a finding begins that only waits for a value."""


class Console:
    """Prints for people. With `quiet` it prints errors only: for `--json`, whose one document is the result."""

    def __init__(self, *, quiet: bool = False, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._quiet = quiet
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._started: dict[str, float] = {}
        self._said: dict[str, str] = {}
        self._remedies: set[str] = set()
        self._failed: set[str] = set()
        self._waiting_rules: set[str] = set()
        self._lock = threading.Lock()
        self._begin = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since this console was made, the command's start."""
        return time.monotonic() - self._begin

    def progress(self, text: str) -> None:
        """Tell what goes on."""
        if not self._quiet:
            print(f"[{self.seconds:5.1f}s] {text}", file=self._err, flush=True)

    def result(self, text: str = "") -> None:
        """Print a line of the result."""
        if not self._quiet:
            print(text, file=self._out, flush=True)

    def error(self, text: str) -> None:
        """Print an error; also with `--json`."""
        print(f"error: {text}", file=self._err, flush=True)

    def listen(self, event: Event) -> None:
        """Show an event of a run as it happens."""
        with self._lock:
            if isinstance(event, StepStarted):
                self._started[event.urn] = time.monotonic()
            elif isinstance(event, StepEnded):
                self._ended(event)
            elif isinstance(event, Progress):
                self._waiting(event)
            elif isinstance(event, Diagnostic):
                self._diagnostic(event)
            elif isinstance(event, PolicyFinding):
                self._finding(event)
            elif isinstance(event, RunEnded):
                self._judged_later()

    def _ended(self, event: StepEnded) -> None:
        sign = SIGNS[event.op]
        name = parse(event.urn).name
        if event.error:
            self._failed.add(event.urn)
            self.error(f"{event.op} of {event.type} {name} failed after {event.seconds:.1f} s: {event.error}")
        else:
            past = "ed" if not event.op.endswith("e") else "d"
            self.progress(f"{sign:2} {event.type} {name} {event.op}{past} ({event.seconds:.1f} s)")

    def _waiting(self, event: Progress) -> None:
        waited = time.monotonic() - self._started.get(event.urn, time.monotonic())
        if waited >= _QUIET_SECONDS and self._said.get(event.urn) != event.text:
            self._said[event.urn] = event.text
            urn = parse(event.urn)
            self.progress(f"   {urn.type} {urn.name} waits ({waited:.0f} s): {event.text}")

    def _diagnostic(self, event: Diagnostic) -> None:
        about = f"{parse(event.urn).type} {parse(event.urn).name}: " if event.urn else ""
        text = about + (event.message.removeprefix(f"{event.urn}: ") if event.urn else event.message)
        if event.severity == "error":
            if event.urn not in self._failed:  # a failed step was told with its time
                self.error(text)
        elif event.severity == "warning":
            self.progress(f"warning: {text}")
        else:
            self.progress(text)

    def _finding(self, event: PolicyFinding) -> None:
        if not event.mandatory and event.message.startswith(_UNKNOWN):
            # Nothing is wrong and nothing can be done: told one by one they read as if something were.
            self._waiting_rules.add(event.rule)
            return
        about = f"{parse(event.urn).type} {parse(event.urn).name}" if event.urn else "the stack"
        text = f"policy {event.rule} ({event.level}): {about}: {event.path}: {event.message}"
        if event.rule not in self._remedies:
            self._remedies.add(event.rule)
            text += f"\n        To fix {event.rule}: {event.remedy}"
        if event.mandatory:
            self.error(text)
        else:
            self.progress(text)

    def _judged_later(self) -> None:
        rules = sorted(self._waiting_rules)
        self._waiting_rules.clear()
        if rules:
            verb = "1 rule waits" if len(rules) == 1 else f"{len(rules)} rules wait"
            self.progress(f"{verb} for values that are known only after creation: {', '.join(rules)}")

    def plan(self, report: RunReport, *, every: bool) -> None:
        """Print what would happen.

        Args:
            report: the plan.
            every: list every resource, however many there are.
        """
        changed = [step for step in report.steps if step.op != "same"]
        if not changed:
            return
        if every or len(changed) <= _LARGE:
            lines: Sequence[str] = render_tree(report.steps)
        else:
            lines = render_components(report.steps)
        for line in lines:
            self.result(line)
        offline = sum(1 for step in changed if step.validated == "offline")
        if offline:
            self.result(
                f"\n{offline} of {len(changed)} changes are validated offline: what they go into does not exist yet."
            )

    def counts(self, summary: dict[str, int], *, planned: bool) -> None:
        """Print how many resources had each operation."""
        words = {
            "create": "to create" if planned else "created",
            "update": "to update" if planned else "updated",
            "replace": "to replace" if planned else "replaced",
            "delete": "to delete" if planned else "deleted",
            "same": "unchanged",
        }
        self.result("\nResources:")
        for op, word in words.items():
            if summary.get(op):
                self.result(f"    {SIGNS[op]:2} {summary[op]} {word}")

    def cost(self, outputs: Mapping[str, object], former: Mapping[str, object]) -> None:
        """Print what the stack costs a month, against what was deployed."""
        lines = cost.lines(cost.compare(outputs, former))
        if lines:
            self.result("\n" + "\n".join(lines))

    def outputs(self, outputs: Mapping[str, object]) -> None:
        """Print the stack's outputs, but for its cost, which is told by itself."""
        outputs = {name: value for name, value in outputs.items() if name != cost.OUTPUT}
        if outputs:
            self.result("\nOutputs:")
            width = max(len(name) for name in outputs)
            for name, value in sorted(outputs.items()):
                self._output(name, value, width)

    def _output(self, name: str, value: object, width: int) -> None:
        if isinstance(value, dict | list) and value:
            self.result(f"    {name}:")
            items = value.items() if isinstance(value, dict) else ((f"- {item}", "") for item in value)
            for key, item in items:
                self.result(f"      {key}{f': {item}' if item != '' else ''}")
        else:
            self.result(f"    {name:<{width}} : {value}")

    def duration(self) -> None:
        """Print how long the command took."""
        self.result(f"\nDuration: {self.seconds:.1f} s")
