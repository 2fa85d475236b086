"""`drill`: back a tenant up, delete it, bring it back, and say what that took and what it lost."""

from __future__ import annotations

from argparse import Namespace

from sandbox.cli.console import Console
from sandbox.cli.context import environment, print_json
from sandbox.control_plane.endpoints import Endpoints
from sandbox.control_plane.lifecycle import admin_client
from sandbox.control_plane.lifecycle import status as read_status
from sandbox.deploy.environment import Environment
from sandbox.deploy.lock import command_line, run_lock
from sandbox.errors import ConfigurationError
from sandbox.paths import validate_name
from sandbox.recovery.drill import Drill, Outcome

_TIMEOUT = 30.0
_SHOWN = 20
_RUNBOOK = "docs/runbooks/restore-a-tenant.md"


def drill(arguments: Namespace, console: Console) -> int:
    """Run a restore drill on a running sandbox; exit with 1 when something did not come back, or not in time."""
    if arguments.into:
        validate_name(arguments.into)
    where = environment(arguments)
    endpoints = _running(where, arguments.into)
    with run_lock(where.lock_path, command_line()):
        client = admin_client(endpoints, timeout=_TIMEOUT)
        try:
            home = where.paths.home / "drills"
            root = where.project.root
            made = Drill(endpoints, client, home, root, arguments.tenant, console.progress)
            outcome = made.run(into=arguments.into)
        finally:
            client.close()
    if arguments.json:
        print_json(_to_json(outcome, console.seconds))
    _show(outcome, console)
    for problem in outcome.problems:
        console.error(problem)
    return 1 if outcome.problems else 0


def _running(where: Environment, into: str) -> Endpoints:
    """The sandbox: a drill deletes, so it never looks for any other cluster.

    Raises:
        ConfigurationError: It does not run.
    """
    name = where.paths.name
    found = read_status(name, root=where.paths.root)
    if found.endpoints is not None and found.state == "ready":
        return found.endpoints
    if where.stack == "local":
        raise ConfigurationError(
            f"The sandbox {name!r} is {found.state}", where="--name", fix=f"start it first: sandbox up --name {name}"
        )
    what = "even into a scratch namespace, it works on sandboxes only" if into else "a drill deletes the tenant"
    raise ConfigurationError(
        f"There is no running sandbox {name!r}, and the cluster of the stack {where.stack!r} is refused: {what}",
        where=f"--stack {where.stack}",
        fix=f"sandbox rehearse --stack {where.stack} --name {name} --keep, then this command again; on the cluster "
        f"itself restore into a scratch namespace by hand, as {_RUNBOOK} says",
    )


def _show(outcome: Outcome, console: Console) -> None:
    if not outcome.differences:
        console.result(f"All of it came back: {outcome.objects} objects, {outcome.keys} in S3, each as it was.")
    for line in outcome.differences[:_SHOWN]:
        console.result(line)
    if len(outcome.differences) > _SHOWN:
        console.result(f"... and {len(outcome.differences) - _SHOWN} more")
    console.result(_recovery_point(outcome))
    console.result(f"Recovery time: {outcome.outage_seconds:.1f} s; {outcome.outage_limit / 60:g} minutes are allowed.")
    console.result("Not tried here: the content of volumes, which the cluster's disk driver copies.")


def _recovery_point(outcome: Outcome) -> str:
    allowed = f"{outcome.loss_limit:g} h are allowed"
    if outcome.assumed_hours is None:
        return f"Recovery point: at most {outcome.loss_hours:.2f} h are lost; {allowed}."
    return (
        f"Recovery point: assumed, not measured: this stack declares no schedule. With a backup every"
        f" {outcome.assumed_hours:g} h at most {outcome.loss_hours:.2f} h would be lost; {allowed}."
    )


def _to_json(outcome: Outcome, seconds: float) -> dict[str, object]:
    return {
        "tenant": outcome.tenant,
        "into": outcome.into or None,
        "objects": outcome.objects,
        "keys": outcome.keys,
        "differences": outcome.differences,
        "recoveryPointHours": {
            "measured" if outcome.assumed_hours is None else "assumed": round(outcome.loss_hours, 4),
            "allowed": outcome.loss_limit,
        },
        "recoveryTimeSeconds": {"measured": round(outcome.outage_seconds, 1), "allowed": outcome.outage_limit},
        "result": "failed" if outcome.problems else "succeeded",
        "seconds": round(seconds, 1),
    }
