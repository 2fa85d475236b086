"""The commands that deploy: up, preview, down and rehearse."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from sandbox.cli.console import Console
from sandbox.cli.context import choose_engine, environment, hosting, print_json, require_sandbox_stack
from sandbox.cli.openmp import require_openmp
from sandbox.cli.smoke import smoke_after_up
from sandbox.control_plane.endpoints import Endpoints
from sandbox.control_plane.lifecycle import destroy as destroy_sandbox
from sandbox.control_plane.lifecycle import status, stop
from sandbox.control_plane.part import HOST_PORT
from sandbox.deploy.cost import stored_outputs
from sandbox.deploy.embedded import EmbeddedEngine
from sandbox.deploy.environment import Environment
from sandbox.deploy.inventory_check import differences, remember_before
from sandbox.deploy.lock import command_line, run_lock
from sandbox.deploy.preview_json import to_json
from sandbox.deploy.pulumi_cli import PulumiCli
from sandbox.engine.host import RunReport
from sandbox.host.wanted import images

_NOTHING = "Nothing changed: everything is as declared."


def up(arguments: Namespace, console: Console) -> int:
    """Deploy a stack."""
    engine_name = choose_engine(arguments.engine)
    where = hosting(arguments, environment(arguments))
    require_sandbox_stack(arguments, engine_name)
    if where.programs:
        require_openmp()
    with run_lock(where.lock_path, command_line()) as lock:
        if engine_name == "pulumi":
            _guard(where, console, creates=True)
            if where.programs:
                _obtain_all_programs(console)
            code = PulumiCli(where, console.progress).up(arguments)
            if code == 0:
                smoke_after_up(where, console)
            return code
        with closing(EmbeddedEngine(where, keep=(lock,))) as engine:
            engine.warm()
            endpoints = where.start(console.progress)
            if not where.programs and HOST_PORT in endpoints.pids:
                console.progress("note: this sandbox runs pods; to simulate all of them, take it down first")
            remember_before(where, endpoints)
            former = stored_outputs(where.state_path)
            report = deploy(engine, endpoints, console, where, refresh=arguments.refresh)
            if arguments.json:
                print_json(to_json(report, console.seconds, former))
        if report.ok:
            smoke_after_up(where, console)
    return report.exit_code


def _guard(where: Environment, console: Console, *, creates: bool = False) -> None:
    """Refuse to go on where account, state, key or cluster of a stack of the cloud are not what its file pins.

    Args:
        where: the stack; nothing is asked about one that lives on this machine.
        console: told what is looked at.
        creates: also ask whether the caller may create what is declared.

    Raises:
        SandboxError: naming everything that stands in the way.
    """
    from sandbox.deploy.cloud.calls import LiveAws  # noqa: PLC0415 only stacks of the cloud need them
    from sandbox.deploy.cloud.place import cloud_place  # noqa: PLC0415
    from sandbox.deploy.cloud.preflight import cloud_checks, declared, require  # noqa: PLC0415

    place = cloud_place(where.project, where.stack)
    if place is None:
        return
    console.progress(f"looking at account {place.account} in {place.region} before anything is changed")
    found = declared(where) if creates else None
    for check in require(cloud_checks(place, LiveAws(place.region), found), place.stack):
        if not check.ok:
            console.progress(f"note: {check.name}: {check.found}")


def deploy(
    engine: EmbeddedEngine, endpoints: Endpoints, console: Console, where: Environment, *, refresh: bool = False
) -> RunReport:
    """Plan, and apply what the plan found; an empty plan ends it."""
    first, former = not where.state_path.exists(), stored_outputs(where.state_path)
    console.progress(f"planning stack {where.stack}")
    if first:
        plan = _plan_with_apply_warming(engine, endpoints, console, refresh=refresh)
    else:
        plan = engine.plan(endpoints, console.listen, refresh=refresh)
    if not plan.ok:
        console.error(f"the plan failed; nothing was changed (stack {where.stack})")
        return plan
    if not plan.changes and plan.ended is not None and not plan.ended.state_changed:
        console.result(_NOTHING)
        console.counts(plan.summary, planned=False)
        console.cost(plan.ended.outputs, former)
        console.outputs(plan.ended.outputs)
        console.duration()
        return plan
    console.plan(plan, every=False)
    console.counts(plan.summary, planned=True)
    console.cost(plan.ended.outputs if plan.ended else {}, former)
    if where.programs:
        _obtain_programs(plan, console)
    console.progress(f"deploying {plan.changes} changes")
    applied = engine.apply(endpoints, console.listen, refresh=refresh)
    applied.steps = plan.steps
    console.counts(applied.summary, planned=False)
    if applied.ok and applied.ended is not None:
        console.outputs(applied.ended.outputs)
    else:
        console.error("the deployment is not complete; run the same command again once the cause is mended")
    console.duration()
    return applied


def _obtain_programs(plan: RunReport, console: Console) -> None:
    """Get what the declared images run as, so that no pod waits for a download or a build.

    Raises:
        SandboxError: something cannot be had; says why and what to do.
    """
    from sandbox.host.programs import obtain  # noqa: PLC0415 only a stack whose pods run needs it

    obtain(images(step.inputs for step in plan.steps), console.progress)


def _obtain_all_programs(console: Console) -> None:
    """Get whatever an image may run as: another engine does not tell what a stack declares.

    Raises:
        SandboxError: something cannot be had; says why and what to do.
    """
    from sandbox.host.programs import IMAGES, SERVICES, obtain  # noqa: PLC0415 as above

    obtain([*IMAGES, *(path.parent.name.replace("_", "-") for path in SERVICES.glob("*/Dockerfile"))], console.progress)


def _plan_with_apply_warming(
    engine: EmbeddedEngine, endpoints: Endpoints, console: Console, *, refresh: bool
) -> RunReport:
    warming: Callable[[], None] | None = engine.warm

    def listen(event: object) -> None:
        nonlocal warming
        if warming is not None:
            warming()
            warming = None
        console.listen(event)  # type: ignore[arg-type]  # the host hands on every event unchanged

    return engine.plan(endpoints, listen, refresh=refresh)


def preview(arguments: Namespace, console: Console) -> int:
    """Show what `up` would do; a sandbox that was started for it is stopped again."""
    if arguments.base is not None:
        from sandbox.cli.compare import compare  # noqa: PLC0415 only needed for this

        return compare(arguments, console)
    where = _to_look_at(environment(arguments))
    if choose_engine(arguments.engine) == "pulumi":
        _guard(where, console)
        with _left_as_it_was(where, console):
            return PulumiCli(where, console.progress).preview(arguments)
    with closing(EmbeddedEngine(where)) as engine:
        engine.warm()
        former = stored_outputs(where.state_path)
        with _left_as_it_was(where, console):
            report = engine.plan(where.start(console.progress), console.listen, refresh=arguments.refresh)
    return _show_preview(arguments, console, report, former)


def _to_look_at(where: Environment) -> Environment:
    """What looks at a stack runs none of it, but a sandbox that is there goes on as it was: with the pods it has."""
    return replace(where, programs=None if where.paths.home.exists() else "")


@contextmanager
def _left_as_it_was(where: Environment, console: Console) -> Iterator[None]:
    """Stop the sandbox again if it was not running before, and remove it if it was not there."""
    name, root = where.paths.name, where.paths.root
    was_running = status(name, root=root).state not in ("absent", "stopped")
    existed = where.paths.home.exists()
    try:
        yield
    finally:
        if not was_running and where.paths.home.exists():
            console.progress("stopping the sandbox, which was started for this preview only")
            stop(name, root=root)
            if not existed:
                destroy_sandbox(name, root=root)


def _show_preview(arguments: Namespace, console: Console, report: RunReport, former: Mapping[str, Any]) -> int:
    if arguments.json:
        print_json(to_json(report, console.seconds, former))
    elif report.ok:
        if not report.changes:
            console.result(_NOTHING)
        console.plan(report, every=True)
        console.counts(report.summary, planned=True)
        console.cost(report.ended.outputs if report.ended else {}, former)
        console.duration()
    if report.ok and arguments.expect_no_changes and report.changes:
        console.error(f"{report.changes} changes, and none were expected (--expect-no-changes)")
        return 1
    return report.exit_code


def down(arguments: Namespace, console: Console) -> int:
    """Delete everything that a stack deployed, prove it, and stop the sandbox."""
    engine_name = choose_engine(arguments.engine)
    where = hosting(arguments, environment(arguments))
    require_sandbox_stack(arguments, engine_name)
    with run_lock(where.lock_path, command_line()) as lock:
        if engine_name == "pulumi":
            _guard(where, console)
            code = PulumiCli(where, console.progress).down(arguments)
            if code == 0 and arguments.stack != "local":
                console.progress(f"what nobody declared may still be there: sandbox teardown --stack {arguments.stack}")
            return code
        if not where.paths.home.exists():
            console.result(f"There is no sandbox {where.paths.name!r}: nothing to remove.")
            if arguments.json:
                print_json({"changeSummary": {"delete": 0}, "left": [], "result": "succeeded"})
            return 0
        with closing(EmbeddedEngine(where, keep=(lock,))) as engine:
            report, left = _take_down(engine, where, console)
        if report.ok and not left:
            destroy_sandbox(where.paths.name, root=where.paths.root)
            console.result(f"Removed {report.summary['delete']} resources; the inventory is as it was before `up`.")
            console.result(f"The sandbox {where.paths.name!r} is stopped and its files are removed.")
            console.duration()
        if arguments.json:
            print_json(to_json(report, console.seconds) | {"left": left})
        return 1 if left else report.exit_code


def _take_down(engine: EmbeddedEngine, where: Environment, console: Console) -> tuple[RunReport, list[str]]:
    engine.warm()
    endpoints = where.start(console.progress)
    console.progress(f"deleting stack {where.stack}")
    report = engine.destroy(endpoints, console.listen)
    if not report.ok:
        console.error("not everything could be deleted; mend the cause and run the same command again")
        return report, []
    left = differences(where, endpoints)
    for line in left:
        console.error(f"left behind: {line}")
    return report, left


def rehearse(arguments: Namespace, console: Console) -> int:
    """Deploy a stack to a sandbox of its own, check that a second plan is empty, and remove the sandbox."""
    name = arguments.name or f"rehearse-{arguments.stack}"
    where = environment(arguments, name=name)
    with run_lock(where.lock_path, command_line()) as lock:
        destroy_sandbox(name, root=where.paths.root)
        try:
            with closing(EmbeddedEngine(where, keep=(lock,))) as engine:
                engine.warm()
                endpoints = where.start(console.progress)
                report = deploy(engine, endpoints, console, where)
                code = report.exit_code
                if report.ok:
                    again = engine.plan(endpoints, console.listen)
                    code = _settled(again, console)
        finally:
            if not arguments.keep:
                console.progress("removing the rehearsal's sandbox")
                destroy_sandbox(name, root=where.paths.root)
    if arguments.json:
        print_json(to_json(report, console.seconds) | {"result": "failed" if code else "succeeded"})
    elif code == 0:
        recorded = sorted({step.type for step in report.steps if step.recorded})
        console.result(f"\nThe stack {arguments.stack!r} deploys, and a second plan of it is empty.")
        if recorded:
            console.result(f"Recorded only (validated, nothing behind them here): {', '.join(recorded)}")
    return code


def _settled(again: RunReport, console: Console) -> int:
    if again.ok and not again.changes:
        return 0
    console.error("a second plan straight after the deployment is not empty:")
    console.plan(again, every=True)
    return 1
