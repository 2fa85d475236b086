"""Renders one side with that side's own code and writes what was found as JSON.

Started by path, with the folders of the side first on the import path, so that it may stand in another checkout than
what it imports: `python -P child.py <project folder> <stack> <result file>`. It uses nothing of the sandbox but what
the command `render` itself is made of.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

NO_RENDER = 3
"""The exit code that says: this side has no offline rendering."""


def main(root: str, stack: str, result: str) -> int:
    """Render, and return the exit code: 0 when the result was written."""
    try:
        from policies.runtime import load_packs  # noqa: PLC0415 an older side may lack any of these
        from sandbox.deploy.embedded import EmbeddedEngine  # noqa: PLC0415
        from sandbox.deploy.environment import Environment  # noqa: PLC0415
        from sandbox.errors import SandboxError  # noqa: PLC0415
        from sandbox.paths import SandboxPaths  # noqa: PLC0415
        from sandbox.project import load_project  # noqa: PLC0415

        render = EmbeddedEngine.render
    except (ImportError, AttributeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return NO_RENDER
    try:
        folder = Path(root)
        environment = Environment(load_project(folder), stack, SandboxPaths.of(stack, folder))
        report = render(EmbeddedEngine(environment), lambda _: None)
        packs = load_packs()
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    Path(result).write_text(json.dumps(_document(report, packs)), encoding="utf-8")
    return 0


def _document(report: Any, packs: Any) -> dict[str, Any]:
    ended = report.ended
    return {
        "ok": report.ok,
        "completed": ended is not None and bool(ended.summary),
        "steps": [asdict(step) for step in report.steps],
        "findings": [asdict(finding) for finding in report.findings],
        "errors": [item.message for item in report.diagnostics if item.severity == "error"],
        "outputs": ended.outputs if ended else {},
        "rules": sorted(packs.rules),
        "excused": [[entry.rule, entry.urn, entry.reason, str(entry.expires)] for entry in packs.exceptions.entries],
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
