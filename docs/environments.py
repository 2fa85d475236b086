"""The pages of each environment: what is derived from its declaration, and what the policies say of the result."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import yaml

from infra.config import StackConfig, load_stack_config
from infra.core.markdown import table
from infra.core.names import PROJECT
from infra.stacks.files import read_catalog, read_policies
from infra.stacks.plan import make_plan
from infra.stacks.platform import PROFILES
from infra.stacks.reports import reports
from policies.model import Finding, Resource
from policies.readers.paths import read_paths
from policies.runtime import Packs, load_packs
from sandbox.deploy.embedded import EmbeddedEngine
from sandbox.deploy.environment import Environment
from sandbox.deploy.render import write
from sandbox.deploy.teardown.report import teardown_report
from sandbox.engine.host import RunReport
from sandbox.paths import SandboxPaths
from sandbox.project import load_project

ROOT = Path(__file__).resolve().parents[1]
STACKS = ("local", "dev", "prod")

ANY_TAG = "content-hash"
"""No page shows the tag of an image of ours, which every change of a service changes."""


def derived_pages(stack: str) -> dict[str, tuple[str, str]]:
    """Title and text of each page about what is derived in an environment, by file name."""
    config = _config(stack)
    catalog = read_catalog()
    profile = PROFILES[config.environment]
    plan = make_plan(
        config, catalog, profile, tag_of=lambda _: ANY_TAG, policies=read_policies(), file=f"Pulumi.{stack}.yaml"
    )
    return reports(config, catalog, profile, plan)


def policy_page(stack: str) -> tuple[str, str]:
    """Title and text of the page about what the policies say of a rendering of the stack."""
    packs = load_packs()
    resources = _rendered(stack)
    found = [finding for resource in resources for finding in packs.check_resource(resource, stack=stack)]
    found += packs.check_stack(resources, stack=stack)
    return "Policy results", "\n".join(_results(packs, resources, found)).rstrip() + "\n"


def teardown_page(stack: str) -> tuple[str, str]:
    """Title and text of the page about how a stack is deleted, and what stays."""
    report = _report(stack)
    charts = (report.ended.outputs if report.ended else {}).get("recordedCharts", ())
    return "Teardown", teardown_report(report.steps, [str(chart) for chart in charts])


def _config(stack: str) -> StackConfig:
    document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    own = f"{PROJECT}:"
    values = {key.removeprefix(own): value for key, value in document.items() if key.startswith(own)}
    return load_stack_config(values, stack)


@cache
def _report(stack: str) -> RunReport:
    with tempfile.TemporaryDirectory() as folder:
        where = Environment(load_project(ROOT), stack, SandboxPaths.of("docs", Path(folder)))
        with closing(EmbeddedEngine(where)) as engine:
            report = engine.render(lambda _: None)
    if not report.ok:
        raise SystemExit(f"the stack {stack} cannot be rendered: {report.diagnostics}")
    return report


def _rendered(stack: str) -> list[Resource]:
    with tempfile.TemporaryDirectory() as folder:
        write(_report(stack).steps, Path(folder, "rendering"))
        return list(read_paths([str(Path(folder, "rendering"))]).resources)


def _results(packs: Packs, resources: list[Resource], found: list[Finding]) -> Iterator[str]:
    breaches = [finding for finding in found if not finding.unknown]
    unknown = Counter(finding.rule for finding in found if finding.unknown)
    yield f"{len(resources)} resources, {len(packs.rules)} rules: {len(breaches)} findings."
    yield ""
    if breaches:
        yield from table(("rule", "level", "resource", "finding"), _rows(breaches))
    yield from ("## What cannot be judged before the deployment", "")
    if unknown:
        yield "These rules meet values that only the cloud makes; they are judged when the values are known."
        yield ""
        rows = ((id_, packs.rules[id_].title, unknown[id_]) for id_ in sorted(unknown))
        yield from table(("rule", "title", "values"), rows)
    else:
        yield from ("Nothing.", "")
    yield from ("## Exceptions", "")
    entries = [(each.rule, f"`{each.urn}`", each.reason, each.owner, each.expires) for each in packs.exceptions.entries]
    yield from table(("rule", "resource", "reason", "owner", "last day"), entries) if entries else ["None.", ""]
    yield from (
        "## What charts of others may break",
        "",
        "Where operators are installed, for the version that was read.",
        "",
    )
    accepted = [
        (
            f"{name} {review.version}",
            ", ".join(each.rules),
            ", ".join(f"`{pattern}`" for pattern in each.objects),
            each.reason,
        )
        for name, review in sorted(packs.reviews.reviews.items())
        for each in review.accepted
    ]
    yield from table(("chart", "rules", "objects", "reason"), accepted)


def _rows(findings: list[Finding]) -> Iterator[tuple[str, str, str, str]]:
    for finding in findings:
        yield finding.rule, finding.level.value, f"`{finding.address}`", finding.message
