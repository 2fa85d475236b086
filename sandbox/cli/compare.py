"""`preview --base REF`: what this tree declares against what a git ref declares, as Markdown."""

from __future__ import annotations

import signal
from argparse import Namespace
from pathlib import Path

from sandbox.cli.console import Console
from sandbox.cli.context import environment, print_json
from sandbox.deploy.compare.checkout import Checkout, declared_keys, git, read_checkout
from sandbox.deploy.compare.facts import Sides, gather, to_json
from sandbox.deploy.compare.rendering import Rendering, Side, render
from sandbox.deploy.compare.report import to_markdown
from sandbox.deploy.compare.worktree import base_worktree
from sandbox.errors import ConfigurationError
from sandbox.project import Project


def compare(arguments: Namespace, console: Console) -> int:
    """Compare a stack with a base and print the difference; needs no cluster, no account and no Pulumi."""
    if arguments.refresh:
        raise ConfigurationError(
            "nothing live is looked at when two trees are compared",
            where="--refresh",
            fix="leave out --refresh or --base",
        )
    signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
    where = environment(arguments)
    checkout = read_checkout(where.project.root, arguments.base)
    console.progress(f"rendering {arguments.stack}: {checkout.here}, and {_base(checkout)}")
    with base_worktree(checkout) as folder:
        head, base = _render(checkout, folder, where.project, arguments.stack)
        sides = _sides(checkout, folder, where.project, arguments.stack)
    facts = gather(sides, base, head)
    if arguments.json:
        print_json(to_json(facts))
    console.result(to_markdown(facts).rstrip("\n"))
    console.progress("compared")
    if arguments.expect_no_changes and facts.changes:
        console.error(f"{len(facts.changes)} changes, and none were expected (--expect-no-changes)")
        return 1
    return 0


def _render(checkout: Checkout, folder: Path, project: Project, stack: str) -> tuple[Rendering, Rendering]:
    here = Side("this tree", project.root)
    if not (folder / project.stack_file(stack).name).exists():
        return render([here], stack)[0], Rendering()
    head, base = render([here, Side(f"the base {checkout.base}", folder)], stack)
    return head, base


def _base(checkout: Checkout) -> str:
    return f"{checkout.base} ({checkout.base_commit[:12]})"


def _sides(checkout: Checkout, folder: Path, project: Project, stack: str) -> Sides:
    stack_file = project.stack_file(stack).name
    declared = declared_keys(
        folder, project.root, {"configuration": Path(stack_file), "catalog": Path(project.main, "catalog")}
    )
    notes: list[str] = []
    if not (folder / stack_file).exists():
        notes.append("The base has no such stack: everything is new.")
    if checkout.missing:
        notes.append(
            f"The base has {checkout.missing} commits that are not here: what they did shows as undone. "
            "Rebase or merge first to see this change alone."
        )
    if git(checkout.root, "diff", "--name-only", checkout.base_commit, "--", "locks"):
        notes.append("The locks differ, and both sides were rendered with the packages that are installed here.")
    return Sides(stack, _title(checkout, declared), checkout.subjects, declared, _base(checkout), checkout.here, notes)


def _title(checkout: Checkout, declared: list[str]) -> str:
    subjects = checkout.subjects
    if len(subjects) == 1:
        return subjects[0]
    if subjects:
        return f"{len(subjects)} commits, the last: {subjects[0]}"
    return "; ".join(declared[:3]) or ("changes that are not committed" if checkout.dirty else "no change is declared")
