"""`teardown`: says how a stack would be deleted, and what nobody would delete."""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing
from dataclasses import asdict

from sandbox.cli.console import Console
from sandbox.cli.context import environment, print_json
from sandbox.deploy.cloud.place import cloud_place
from sandbox.deploy.embedded import EmbeddedEngine
from sandbox.deploy.teardown.ledger import ledger
from sandbox.deploy.teardown.order import STAGES, stage
from sandbox.deploy.teardown.report import teardown_report
from sandbox.errors import ConfigurationError


def teardown(arguments: Namespace, console: Console) -> int:
    """Read what the program declares and tell; nothing is deleted, and nothing needs to run."""
    where = environment(arguments)
    if cloud_place(where.project, where.stack) is None:
        raise ConfigurationError(
            f"the stack {where.stack!r} goes as a whole, with its sandbox",
            where="--stack",
            fix="sandbox down, which proves that nothing is left; or name a stack of the cloud",
        )
    with closing(EmbeddedEngine(where)) as engine:
        report = engine.render(lambda _: None)
    if not report.ok:
        for item in report.diagnostics:
            console.error(item.message.strip())
        return report.exit_code
    charts = [str(chart) for chart in (report.ended.outputs if report.ended else {}).get("recordedCharts", ())]
    if arguments.json:
        stages = [
            {"stage": name, "resources": [step.urn for step in report.steps if stage(step) == index]}
            for index, name in enumerate(STAGES)
        ]
        print_json({"stages": stages, "ledger": [asdict(entry) for entry in ledger(report.steps)]})
    console.result(f"# Teardown of {where.stack}\n\n{teardown_report(report.steps, charts).rstrip()}")
    return 0
