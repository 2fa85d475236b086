from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby

from policies.model import Finding
from policies.rule import Rule

_WIDTH = 100


def render_findings(findings: Iterable[Finding]) -> str:
    """Findings for people, grouped by resource: where, rule, what, and how to repair it."""
    lines: list[str] = []
    for (source, address), group in groupby(findings, key=lambda finding: (finding.source, finding.address)):
        lines.append(" ".join(part for part in (source, address) if part))
        for finding in group:
            lines.append(f"  {finding.rule} {finding.severity} {finding.level}: {finding.message}")
            lines.append(f"      at:  {finding.path}")
            lines.append(f"      fix: {finding.remedy}")
    return "\n".join(lines)


def render_summary(findings: Sequence[Finding], unknown: Sequence[Finding], *, objects: int, files: int) -> str:
    """One line of counts."""
    mandatory = sum(finding.level == "mandatory" for finding in findings)
    return (
        f"{_count(objects, 'object')} in {_count(files, 'file')}: {_count(len(findings), 'finding')}"
        f" ({mandatory} mandatory, {len(findings) - mandatory} advisory), {len(unknown)} unknown"
    )


def render_rules(rules: Iterable[Rule]) -> str:
    """One line for each rule: id, severity, title."""
    return "\n".join(f"{rule.id:<9} {rule.severity:<9} {rule.title}" for rule in rules)


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
    if rule.cel:
        parts += ["", "At admission (CEL)", _paragraph(rule.cel)]
    return "\n".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _paragraph(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
