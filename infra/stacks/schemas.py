"""Whether what is written to the topics can still be read: `python -m infra.stacks.schemas --base REF`.

Compares the subjects that the topics of a git ref declare with those that are declared here, by the compatibility that
the ref's topics demand. It prints Markdown; `make preview BASE=...` ends with it, and a workflow fails by it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from infra.core.catalog.catalog import FOLDER
from infra.core.catalog.topics import Topic, TopicCatalog
from infra.core.catalog.yaml_text import UniqueKeyLoader
from infra.core.data.compatibility import Break
from infra.core.data.subjects import subject_breaks
from infra.core.errors import ConfigurationError, Problem
from infra.core.markdown import table
from infra.core.validation import validate
from infra.stacks.files import ROOT

TOPICS = f"{FOLDER}/topics.yaml"
GIT_SECONDS = 60


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Compare and print.

    Returns:
        0 when every schema may follow the one of the base, 1 when one may not, 2 when the comparison cannot be made.
    """
    parser = argparse.ArgumentParser(prog="python -m infra.stacks.schemas", description=__doc__)
    parser.add_argument("--base", required=True, metavar="REF", help="the git ref to compare with")
    parser.add_argument("--report", action="store_true", help="tell only: exit with 0 whatever is found")
    given = parser.parse_args(arguments)
    try:
        found = compare(root, given.base)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"error: {problem}", file=sys.stderr)
        return error.exit_code
    print(as_markdown(found, given.base))
    return 1 if found and not given.report else 0


def compare(root: Path, base: str) -> Mapping[str, tuple[Break, ...]]:
    """Return why schemas declared here may not follow those of a ref, by subject.

    Args:
        root: the project folder, in a git checkout.
        base: a branch, tag or commit.

    Raises:
        ConfigurationError: there is no such ref, or one side's topics cannot be read.
    """
    before = _text(root, base)
    after = (root / TOPICS).read_text("utf-8")
    if before is None:
        return {}
    return subject_breaks(_topics(before, f"{base}:{TOPICS}"), _topics(after, TOPICS))


def as_markdown(found: Mapping[str, tuple[Break, ...]], base: str) -> str:
    """Say it as a section of the preview's report."""
    lines = ["#### Schemas", ""]
    if not found:
        return "\n".join([*lines, f"Every schema may follow the one that `{base}` registered."])
    lines += ["These may not follow what is registered: records that are written could not be read.", ""]
    rows = [
        (f"`{subject}`", f"`{each.field}`", each.reason, each.fix)
        for subject, reasons in sorted(found.items())
        for each in reasons
    ]
    return "\n".join([*lines, *table(("subject", "field", "why", "instead"), rows)]).rstrip()


def _topics(text: str, file: str) -> Mapping[str, Topic]:
    try:
        values = yaml.load(text, Loader=UniqueKeyLoader)  # noqa: S506 - a CSafeLoader
    except yaml.YAMLError as error:
        raise ConfigurationError([Problem(file, "the file", "unreadable", str(error), "Correct it")]) from None
    return validate(TopicCatalog, values if isinstance(values, dict) else {}, file=file).topics


def _text(root: Path, base: str) -> str | None:
    """The topics of a ref; None where it has no such file, so that nothing is registered yet."""
    for name in (base, f"origin/{base}"):
        if base.startswith("-") or _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") is None:
            continue
        return _git(root, "show", f"{name}:./{TOPICS}")
    limit = "must be a branch, tag or commit of this checkout"
    raise ConfigurationError([Problem("--base", "REF", base or "empty", limit, f"git fetch origin {base or 'main'}")])


def _git(root: Path, *arguments: str) -> str | None:
    program = shutil.which("git")
    if program is None:
        raise ConfigurationError([Problem("PATH", "git", "missing", "needed to read the base", "Install git")])
    try:
        done = subprocess.run(  # noqa: S603 - git itself, with a ref that cannot be an option
            [program, "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=GIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        limit = f"must end within {GIT_SECONDS} s"
        raise ConfigurationError([Problem("git", arguments[0], "hangs", limit, "Run it by hand and see why")]) from None
    return done.stdout if done.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main())
