from __future__ import annotations

import argparse
import difflib
import gc
import io
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from policies.chart_reviews import OUTDATED
from policies.errors import InputError
from policies.exceptions import EXPIRED, UNUSED
from policies.model import Finding
from policies.report import render_findings, render_rule, render_rules, render_summary, render_waiting
from policies.runtime import Packs, load_packs

DONE, FOUND, UNUSABLE = 0, 1, 2
"""The exit codes: nothing found, something found, wrong usage or input that cannot be read."""

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells give it: 128 and the number of the signal."""

_ABOUT_EXCUSES: Final = {
    EXPIRED: "An exception's last day is over: make the resource comply, and remove the exception",
    UNUSED: "An exception, or what a chart's review accepts, excuses nothing: remove it",
    OUTDATED: "A chart was reviewed in another version than is installed: read what it brings, and renew the review",
}
"""What the findings that are no rule's are about, for `policies explain`."""

_ID: Final = re.compile(r"(?P<area>[A-Z]+)[ _-]?(?P<number>[0-9]{1,6})")

_EPILOG = "exit codes: 0 nothing found, 1 findings (with --strict also unknown ones), 2 wrong usage or unreadable input"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command `policies`.

    Args:
        arguments: The command line without the program's name; the process's own by default.

    Returns:
        The exit code. Results are printed to standard output, everything else to standard error.
    """
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # JSON may hold halves of characters, which no encoding can print.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with _collector_at_rest():
            code: int = options.run(options)
        sys.stdout.flush()
    except InputError as error:
        sys.stderr.write(f"policies: {error}\n")
        return UNUSABLE
    except KeyboardInterrupt:
        sys.stderr.write("policies: interrupted; nothing can be said of what was not checked\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; what Python would still flush at exit has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    # What is read is kept to the end and has no cycles; to look for them again and again took an eighth of the time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="policies", description="Check resources against the platform's rules.", epilog=_EPILOG
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="list the rules")
    listing.set_defaults(run=_list)

    explaining = commands.add_parser("explain", help="say what a rule wants, why, and how to comply")
    explaining.add_argument("id", metavar="ID", help="the rule's id, such as POD-001")
    explaining.set_defaults(run=_explain)

    checking = commands.add_parser("check", help="check manifests, a Pulumi state or an export", epilog=_EPILOG)
    checking.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="a YAML or JSON file of manifests, a folder of them, a Pulumi state or export, or - for standard input",
    )
    checking.add_argument(
        "--stack",
        default="",
        help="the stack that the resources are of; levels follow from it (default: all mandatory)",
    )
    checking.add_argument("--strict", action="store_true", help="list and fail on values that are not known, too")
    checking.add_argument(
        "--exceptions", type=Path, metavar="FILE", help="another exceptions file than policies/exceptions.yaml"
    )
    checking.set_defaults(run=_check)

    admitting = commands.add_parser("admission", help="write the rules as policies of the Kubernetes API server")
    admitting.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to write the files")
    admitting.set_defaults(run=_admission)

    for command in (listing, checking):
        command.add_argument("--pack", action="append", dest="packs", help="only this pack; may be repeated")
    for command in (listing, explaining, checking):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _list(options: argparse.Namespace) -> int:
    packs = load_packs(options.packs)
    if options.json:
        _print_json(
            {"rules": [{**rule.metadata(), "packs": _packs_of(packs, rule.id)} for rule in packs.rules.values()]}
        )
    else:
        sys.stdout.write(render_rules(packs.rules.values()) + "\n")
    return DONE


def _explain(options: argparse.Namespace) -> int:
    packs = load_packs()
    id_ = options.id.upper()
    if id_ in _ABOUT_EXCUSES:
        title = _ABOUT_EXCUSES[id_]
        if options.json:
            _print_json({"id": id_, "title": title})
        else:
            sys.stdout.write(f"{id_}  {title}\n")
        return DONE
    rule = packs.rules.get(id_)
    if rule is None:
        meant = _ID.fullmatch(id_)
        near = [f"{meant['area']}-{int(meant['number']):03}"] if meant else []
        near = [id_ for id_ in near if id_ in packs.rules] or difflib.get_close_matches(id_, packs.rules, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "'policies list' names them all"
        raise InputError(f"there is no rule {options.id!r}; {hint}")
    if options.json:
        _print_json({**rule.metadata(), "packs": _packs_of(packs, rule.id)})
    else:
        sys.stdout.write(render_rule(rule, _packs_of(packs, rule.id)) + "\n")
    return DONE


def _check(options: argparse.Namespace) -> int:
    # Reading needs PyYAML, which the other commands start faster without.
    from policies.readers.paths import read_paths  # noqa: PLC0415

    packs = load_packs(options.packs, exceptions=options.exceptions)
    found = read_paths(options.paths)
    for source in found.skipped:
        sys.stderr.write(
            f"policies: {source}: skipped, no Kubernetes object (apiVersion and kind) and no Pulumi state\n"
        )
    for note in found.notes:
        sys.stderr.write(f"policies: {note}\n")
    results: list[Finding] = []
    for resource in found.resources:
        results += packs.check_resource(resource, stack=options.stack)
    results += packs.check_stack(found.resources, stack=options.stack)
    findings = [finding for finding in results if not finding.unknown]
    unknown = [finding for finding in results if finding.unknown]
    if options.json:
        _print_json(
            {
                "stack": options.stack,
                "packs": [pack.name for pack in packs.packs],
                "objects": len(found.resources),
                "files": len(found.files),
                "findings": [finding.as_dict() for finding in findings],
                "unknown": [finding.as_dict() for finding in unknown],
                "skipped": found.skipped,
                "notes": found.notes,
            }
        )
    else:
        waiting = render_findings(unknown) if options.strict else render_waiting(unknown)
        for section in (render_findings(findings), waiting):
            if section:
                sys.stdout.write(f"{section}\n\n")
        summary = render_summary(findings, unknown, objects=len(found.resources), files=len(found.files))
        sys.stdout.write(f"{summary}\n")
    return FOUND if findings or (options.strict and unknown) else DONE


def _admission(options: argparse.Namespace) -> int:
    from policies.cel.files import write_admission_files  # noqa: PLC0415 - as above

    changed = write_admission_files(load_packs(), options.out)
    sys.stdout.write("".join(f"{options.out / name}\n" for name in changed))
    return DONE


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _packs_of(packs: Packs, rule_id: str) -> list[str]:
    return [pack.name for pack in packs.packs if rule_id in pack.rules]
