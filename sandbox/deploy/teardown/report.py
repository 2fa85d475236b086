"""The teardown of a stack as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sandbox.deploy.teardown.ledger import Entry, ledger
from sandbox.deploy.teardown.order import STAGES, stage
from sandbox.engine.events import StepPlanned


def teardown_report(resources: Sequence[StepPlanned], charts: Iterable[str] = ()) -> str:
    """Say in which order a stack is deleted, and what is there that the program did not declare."""
    named = list(charts)
    lines = ["## Order", "", *_order(resources, named), "", "## What stays", ""]
    entries = ledger(resources)
    lines += _table([entry for entry in entries if entry.stays])
    lines += ["", "## What controllers make, and the teardown takes along", ""]
    lines += _table([entry for entry in entries if not entry.stays])
    return "\n".join(lines).rstrip() + "\n"


def _order(resources: Sequence[StepPlanned], charts: Sequence[str]) -> Iterator[str]:
    counts: list[Counter[str]] = [Counter() for _ in STAGES]
    for resource in resources:
        index = stage(resource)
        if index is not None:
            counts[index][resource.type.rpartition(":")[2]] += 1
    if charts:
        counts[1]["Chart"] = max(counts[1]["Chart"], len(charts))
    yield "Nothing of a stage is deleted while something of an earlier one needs it."
    yield ""
    for number, (name, kinds) in enumerate(zip(STAGES, counts, strict=True), start=1):
        most = ", ".join(
            f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
        )
        yield f"{number}. {name}: {most or 'none'}"


def _table(entries: Sequence[Entry]) -> Iterator[str]:
    if not entries:
        yield "Nothing."
        return
    yield "| what | made by | what becomes of it | to find what is left |"
    yield "|---|---|---|---|"
    for entry in entries:
        find = entry.find.replace("|", "\\|")
        yield f"| {entry.thing} | {entry.maker} | {entry.how} | `{find}` |"
