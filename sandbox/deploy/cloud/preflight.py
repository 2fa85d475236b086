"""Everything that is looked at before a stack of the cloud is changed, and the refusal to go on without it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from sandbox.deploy.check import Check
from sandbox.deploy.cloud.calls import Aws
from sandbox.deploy.cloud.checks import (
    CREDENTIAL,
    Reach,
    Which,
    account_checks,
    cluster_checks,
    state_checks,
    tool_checks,
)
from sandbox.deploy.cloud.permissions import permission_check
from sandbox.deploy.cloud.place import CloudPlace
from sandbox.deploy.embedded import EmbeddedEngine
from sandbox.deploy.environment import Environment
from sandbox.errors import SandboxError

CLUSTER = "aws:eks/cluster:Cluster"


@dataclass(frozen=True)
class Declared:
    """What a stack's program declares, as far as its account is asked about it.

    Attributes:
        types: Pulumi types.
        clusters: names of EKS clusters.
    """

    types: frozenset[str] = frozenset()
    clusters: tuple[str, ...] = ()


def declared(where: Environment) -> Declared:
    """Run the program offline and say what it declares.

    Raises:
        SandboxError: the program refuses its configuration.
    """
    with closing(EmbeddedEngine(where)) as engine:
        report = engine.render(lambda _: None)
    if not report.ok:
        errors = "; ".join(item.message.strip() for item in report.diagnostics if item.severity == "error")
        raise SandboxError(
            f"the program declares nothing for {where.stack}: {errors}",
            where=where.project.stack_file(where.stack).name,
            fix=f"mend it until `sandbox render --stack {where.stack} --out DIR` is content",
        )
    clusters = sorted(str(step.inputs["name"]) for step in report.steps if step.type == CLUSTER)
    return Declared(frozenset(step.type for step in report.steps), tuple(clusters))


def cloud_checks(
    place: CloudPlace, aws: Aws, found: Declared | None, *, which: Which = shutil.which, reach: Reach | None = None
) -> Iterator[Check]:
    """Look at everything that a deployment needs; where the account is not the right one, at nothing in it.

    Args:
        place: where the stack lives.
        aws: AWS as the user's credentials reach it.
        found: what the program declares; None when it does not matter, as before a deletion.
        which: finds programs.
        reach: tells whether the cluster's address answers.
    """
    yield from tool_checks(place, which)
    account = list(account_checks(place, aws))
    yield from account
    if any(check.missing for check in account):
        return
    yield from state_checks(place, aws)
    if found is not None:
        yield from cluster_checks(place, aws, found.clusters, reach)
        caller = next(check.found for check in account if check.name == CREDENTIAL)
        yield permission_check(aws, caller, found.types)


def require(checks: Iterable[Check], stack: str) -> Sequence[Check]:
    """Return the checks if nothing stands in the way.

    Raises:
        SandboxError: naming everything that does, with what to do about each.
    """
    looked = list(checks)
    missing = [check for check in looked if check.missing]
    if missing:
        lines = [f"  {check.name}: {check.found}. To fix it: {check.fix}." for check in missing]
        count = "1 thing stands" if len(missing) == 1 else f"{len(missing)} things stand"
        raise SandboxError("\n".join([f"{count} in the way of {stack}; nothing was changed:", *lines]))
    return looked
