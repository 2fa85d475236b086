from __future__ import annotations

import textwrap
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Final

from policies.model import Finding
from policies.rule import Rule

_WIDTH = 100
_SHOWN: Final = {sign: f"\\x{sign:02x}" for sign in (*range(0x20), *range(0x7F, 0xA0))}
"""What would move a terminal's cursor or forge a line of the report, were it in a name that somebody chose."""


def render_findings(findings: Iterable[Finding]) -> str:
    """Findings for people: by resource in the order of reading, and in it by rule; how to repair it is said once."""
    lines: list[str] = []
    for (source, address), of_resource in _grouped(findings, lambda it: (it.source, it.address)).items():
        lines.append(" ".join(part for part in (source, address) if part))
        for group in _grouped(of_resource, lambda it: (it.rule, it.level, it.remedy)).values():
            lines += _of_rule(group)
    return "\n".join(line.translate(_SHOWN) for line in lines)


def render_waiting(unknown: Sequence[Finding]) -> str:
    """One line on the rules that cannot be judged yet: nothing is wrong, and nothing can be done about it."""
    rules = sorted({finding.rule for finding in unknown})
    if not rules:
        return ""
    head = "1 rule waits" if len(rules) == 1 else f"{len(rules)} rules wait"
    text = f"{head} for values that are not known here: {', '.join(rules)} (--strict says where)"
    return textwrap.fill(text, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _of_rule(findings: Sequence[Finding]) -> Iterator[str]:
    first, *others = findings
    head = f"  {first.rule} {first.severity} {first.level}: "
    if not others:
        yield f"{head}{first.message}"
        yield f"      at:  {first.path}"
    else:
        yield f"{head}{len(findings)} findings"
        for finding in findings:
            yield f"      at:  {finding.path}: {finding.message}"
    yield f"      fix: {first.remedy}"


def _grouped(findings: Iterable[Finding], key: Callable[[Finding], Hashable]) -> dict[Any, list[Finding]]:
    groups: dict[Any, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(key(finding), []).append(finding)
    return groups


def render_summary(findings: Sequence[Finding], unknown: Sequence[Finding], *, objects: int, files: int) -> str:
    """One line of counts."""
    mandatory = sum(finding.level == "mandatory" for finding in findings)
    return (
        f"{_count(objects, 'object')} in {_count(files, 'file')}: {_count(len(findings), 'finding')}"
        f" ({mandatory} mandatory, {len(findings) - mandatory} advisory), {len(unknown)} unknown"
    )


def render_rules(rules: Iterable[Rule]) -> str:
    """One line for each rule: id, severity, `cel` if it is asked at admission too, title."""
    return "\n".join(f"{rule.id:<9} {rule.severity:<9} {'cel' if rule.cel else '':<4}{rule.title}" for rule in rules)


def render_rule(rule: Rule, packs: Iterable[str]) -> str:
    """Everything about one rule, for people."""
    levels = "in every environment" if rule.mandatory_everywhere else "in local and prod; advisory in dev"
    parts = [
        f"{rule.id}  {rule.title}",
        "",
        f"severity    {rule.severity}",
        f"packs       {', '.join(packs)}",
        f"applies to  {rule.applies_to.summary}",
        f"mandatory   {levels}",
        f"topics      {', '.join(rule.topics)}",
        f"covers      {', '.join(rule.frameworks) or '-'}",
        "",
        "Why",
        _paragraph(rule.rationale),
        "",
        "How to comply",
        _paragraph(rule.remediation),
    ]
    parts += ["", "Where it is asked", _paragraph(f"{'; '.join(rule.places)}.")]
    if rule.cel:
        parts += ["", "At admission (CEL, true of what complies)", textwrap.indent(rule.cel, "  ")]
    return "\n".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _paragraph(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
