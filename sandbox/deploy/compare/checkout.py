"""What git knows about the two sides: the base's commit, whether this tree is clean, and what the change declares."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from sandbox.engine.diff import diff
from sandbox.engine.values import format_path
from sandbox.errors import ConfigurationError, SandboxError

_SECONDS = 60
_SUBJECTS = 200
"""Commits whose subjects are read at most; a report shows far fewer."""


@dataclass(frozen=True)
class Checkout:
    """A git checkout and the ref that it is compared with.

    Attributes:
        root: the project folder, where Pulumi.yaml stands.
        inside: the project folder inside the checkout; empty when it is the checkout itself.
        base: the ref as it was asked for, or what was taken in its place (`origin/main`).
        base_commit: the commit of that ref.
        head_commit: the commit that is checked out here.
        dirty: this tree has changes that are not committed.
        subjects: the subjects of the commits that this tree has and the base has not, newest first, merges left out.
        missing: how many commits the base has and this tree has not, so that what they did shows as undone.
    """

    root: Path
    inside: PurePosixPath
    base: str
    base_commit: str
    head_commit: str
    dirty: bool
    subjects: tuple[str, ...]
    missing: int

    @property
    def here(self) -> str:
        """This side in words."""
        commit = self.head_commit[:12]
        return f"working tree, with uncommitted changes on {commit}" if self.dirty else f"commit {commit}"


def read_checkout(root: Path, base: str) -> Checkout:
    """Look up the base of a comparison.

    Args:
        root: the project folder.
        base: a branch, tag or commit.

    Raises:
        ConfigurationError: there is no git, this is no checkout, or the base is not in it.
    """
    inside = _prefix(root)
    name, commit = _resolve(root, base)
    head = git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", check=False)
    if not head:
        raise ConfigurationError(
            "nothing is committed here yet", where=str(root), fix="commit once; then there is something to compare with"
        )
    log = git(root, "log", f"--max-count={_SUBJECTS}", "--no-merges", "--format=%s", f"{commit}..{head}", "--")
    return Checkout(
        root=root,
        inside=inside,
        base=name,
        base_commit=commit,
        head_commit=head,
        dirty=bool(git(root, "status", "--porcelain", "--untracked-files=normal", "--", ".")),
        subjects=tuple(log.splitlines()),
        missing=int(git(root, "rev-list", "--count", f"{head}..{commit}", "--")),
    )


def _prefix(root: Path) -> PurePosixPath:
    done = _run(root, "rev-parse", "--show-prefix")
    if done.returncode == 0:
        return PurePosixPath(done.stdout.strip())
    if "dubious ownership" in done.stderr:
        raise ConfigurationError(
            "git does not trust this checkout, because another user owns it",
            where=str(root),
            fix=f"git config --global --add safe.directory {root}",
        )
    raise ConfigurationError(
        "this is no git checkout, so there is no base to compare with",
        where=str(root),
        fix="clone the repository with git, or leave --base out for a preview against what is deployed",
    )


def _resolve(root: Path, base: str) -> tuple[str, str]:
    where = f"--base {base}"
    if not base or base.startswith("-") or any(char.isspace() or not char.isprintable() for char in base):
        raise ConfigurationError(
            f"{base!r} is no name of a git ref", where="--base", fix="name a branch, tag or commit"
        )
    for name in (base, f"origin/{base}"):
        commit = git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", check=False)
        if commit:
            return name, commit
    if git(root, "rev-parse", "--is-shallow-repository", check=False) == "true":
        raise ConfigurationError(
            f"this clone is shallow, and {base!r} is not in it",
            where=where,
            fix=f"git fetch --depth=1 origin {base}:refs/remotes/origin/{base} "
            "(for commits and their subjects: git fetch --unshallow; in a workflow: fetch-depth: 0)",
        )
    branches = git(root, "for-each-ref", "--count=8", "--format=%(refname:short)", "refs/heads", "refs/remotes")
    known = ", ".join(branches.split()) or "none"
    raise ConfigurationError(
        f"there is no ref {base!r} in this repository",
        where=where,
        fix=f"git fetch origin {base}, or name one that is here: {known}",
    )


def declared_keys(old: Path, new: Path, files: Mapping[str, Path]) -> list[str]:
    """List what a change declares otherwise, as `topics.yaml: topics.audit`.

    Args:
        old: the project folder of the base.
        new: the project folder here.
        files: folders (all of whose YAML files count) and files to look at, relative to both, by how they are called.

    Returns:
        File names with property paths of at most two steps; a file that one side lacks or cannot be read is named as
        a whole.
    """
    found: list[str] = []
    for relative in files.values():
        names = {relative} if relative.suffix else _yaml_files(old, relative) | _yaml_files(new, relative)
        for name in sorted(names):
            found.extend(_changed_keys(old / name, new / name, name.name))
    return found


def _yaml_files(root: Path, folder: Path) -> set[Path]:
    return {path.relative_to(root) for path in (root / folder).glob("*.yaml")}


def _changed_keys(old: Path, new: Path, name: str) -> list[str]:
    before, after = (path.read_bytes() if path.is_file() else b"" for path in (old, new))
    if before == after:
        return []
    if not before or not after:
        return [f"{name} ({'new' if after else 'deleted'})"]
    try:
        changes = diff(yaml.safe_load(before), yaml.safe_load(after))
    except yaml.YAMLError:
        return [name]
    return list(dict.fromkeys(f"{name}: {format_path(change.path[:2])}" for change in changes))


def git(root: Path, *arguments: str, check: bool = True) -> str:
    """Run git in a folder and return what it printed, without the end of the line.

    Raises:
        SandboxError: it failed and `check` is set; says what it printed.
    """
    done = _run(root, *arguments)
    if check and done.returncode:
        raise SandboxError(
            f"git {arguments[0]} failed: {done.stderr.strip() or f'exit code {done.returncode}'}",
            where=str(root),
            fix=f"run it by hand: git -C {root} {' '.join(arguments)}",
        )
    return done.stdout.strip() if done.returncode == 0 else ""


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("git")
    if program is None:
        raise ConfigurationError(
            "there is no git on PATH, so there is no base to compare with", where="--base", fix="install git"
        )
    try:
        return subprocess.run(
            [program, "-C", str(root), "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false", *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
            env=git_environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise SandboxError(
            f"git {arguments[0]} did not end within {_SECONDS} s", where=str(root), fix="run it by hand and see why"
        ) from error


def git_environment() -> dict[str, str]:
    """Return this process' environment without what points git at another repository, as a hook's environment does."""
    bound = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}
    kept = {key: value for key, value in os.environ.items() if key not in bound}
    return kept | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
