"""Programs of others that look at a rendered stack, and what is waived of what they find."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from bench.peers import checkov, kube_score
from tests.support.terraform_plan import as_terraform_plan

FRAMEWORKS = ("kubernetes", "terraform_plan")
"""What checkov looks at, in one run: to start takes it longer than to look."""

_CRITICAL = 1
"""The grade for which kube-score exits with 1 (github.com/zegl/kube-score/scorecard)."""


@dataclass(frozen=True, order=True)
class Failure:
    """One check that failed for one thing."""

    check: str
    thing: str


@dataclass(frozen=True)
class Waiver:
    """Checks that may fail, until a day and for a reason."""

    checks: frozenset[str]
    until: date
    reason: str


def read_waivers(text: str) -> list[Waiver]:
    """The waivers of a file.

    Raises:
        ValueError: If a reason is no single line, or nothing is said to be waived.
    """
    waivers = [Waiver(frozenset(row["checks"]), row["until"], row["reason"]) for row in yaml.safe_load(text)["waivers"]]
    for waiver in waivers:
        if not waiver.checks or not waiver.reason.strip() or "\n" in waiver.reason.strip():
            raise ValueError(f"{sorted(waiver.checks)}: give the checks, and the reason in one line")
    return waivers


def problems(failures: Iterable[Failure], waivers: Iterable[Waiver], today: date) -> list[str]:
    """What is wrong, one line each: failures that nothing waives, and waivers that are unused or past their day."""
    failed: dict[str, list[str]] = {}
    for failure in failures:
        failed.setdefault(failure.check, []).append(failure.thing)
    told = list(waivers)
    waived = {check for waiver in told for check in waiver.checks}
    found = [
        f"{check} fails for {', '.join(sorted(set(things)))}; mend it, or waive it with a reason"
        for check, things in sorted(failed.items())
        if check not in waived
    ]
    for waiver in told:
        found += [
            f"{check} is waived and fails for nothing; delete it" for check in sorted(waiver.checks - set(failed))
        ]
        if waiver.until < today:
            found.append(f"the waiver of {', '.join(sorted(waiver.checks))} ended on {waiver.until}; look at it again")
    return found


def checkov_on(rendering: Path, scratch: Path) -> list[Failure]:
    """What checkov's checks find in a rendering: in its manifests, and in what it declares in AWS.

    Args:
        rendering: The rendering's folder.
        scratch: An empty folder for the Terraform plan that checkov reads.
    """
    plan = scratch / "plan.json"
    document = json.loads((rendering / "aws.json").read_text("utf-8"))
    plan.write_text(json.dumps(as_terraform_plan(document["deployment"]["resources"])), "utf-8")
    shutil.copytree(rendering / "kubernetes", scratch / "kubernetes")
    return _checkov("-d", str(scratch), "--framework", *FRAMEWORKS)


def kube_score_on(folder: Path) -> list[Failure]:
    """What kube-score calls critical in a folder of manifests."""
    files = sorted(str(file) for file in folder.rglob("*.yaml"))
    done = subprocess.run(
        [str(kube_score()), "score", "-o", "json", *files], capture_output=True, text=True, check=False
    )
    objects: list[dict[str, Any]] = json.loads(done.stdout)
    return [
        Failure(check["check"]["id"], entry["object_name"])
        for entry in objects
        for check in entry["checks"] or ()
        if check["grade"] == _CRITICAL and not check["skipped"]
    ]


def _checkov(*arguments: str) -> list[Failure]:
    command = [str(checkov()), *arguments, "-o", "json", "--compact", "--quiet", "--skip-download", "--soft-fail"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    reports = json.loads(done.stdout)
    assert {report["check_type"] for report in reports} == set(FRAMEWORKS), done.stdout
    for report in reports:
        if report["summary"]["parsing_errors"] or not report["summary"]["passed"]:
            raise AssertionError(f"checkov read nothing, or not everything: {report['summary']}")
    return [
        Failure(row["check_id"], row["resource"]) for report in reports for row in report["results"]["failed_checks"]
    ]
