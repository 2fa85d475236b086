"""The comparison as Markdown for a pull request: what needs a look first, then each kind of change, then everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sandbox.deploy.compare.changes import OPS, ResourceChange
from sandbox.deploy.compare.facts import Facts
from sandbox.deploy.compare.full_diff import diff_lines
from sandbox.deploy.compare.markdown import LIMIT, Document, Section, code, fenced, sentence
from sandbox.deploy.compare.masking import SightChange
from sandbox.deploy.compare.statements import Turns, compact
from sandbox.engine.diff import Change
from sandbox.engine.events import PolicyFinding
from sandbox.engine.urns import parse

_PAST = {"create": "created", "change": "changed", "replace": "replaced", "delete": "deleted"}
_FIELDS = 12
"""Fields of one resource that are listed; the full diff has them all."""

_COLUMNS = 8
_RULES = 40
_UNKNOWN = "UNKNOWN: "
"""How the packs begin a finding about a value that nobody can know before the deployment."""

_COMMITS = 10
_ORDER = {"delete": 0, "replace": 1, "change": 2, "create": 3}


def to_markdown(facts: Facts, *, limit: int = LIMIT) -> str:
    """Write a comparison as Markdown.

    Args:
        facts: the comparison.
        limit: characters that it may have.

    Returns:
        Markdown in which every value from the change is a code span or stands in a code block.
    """
    document = Document(limit)
    _head(document, facts)
    for section in _sections(facts):
        document.section(section)
    _everything(document, facts)
    base = code(f"make preview STACK={facts.sides.stack} BASE={facts.sides.base.split(' ')[0]}")
    return document.text(f"All of it: {base}, with `--json` for every field.")


def _head(document: Document, facts: Facts) -> None:
    sides = facts.sides
    counted = " · ".join(f"{facts.counts[op]} {_PAST[op]}" for op in OPS)
    document.add(
        f"### {code(sides.stack)}: {code(sides.title)}",
        "",
        f"**{counted}**" if facts.changes else "**Nothing differs: both sides declare the same resources.**",
        "",
        f"{code(sides.head)} against {code(sides.base)}, both rendered offline: no cluster and no AWS was asked.",
    )
    for note in sides.notes:
        document.add("", f"> {note}")
    if len(sides.subjects) > 1:
        shown = [f"- {code(subject)}" for subject in sides.subjects[:_COMMITS]]
        document.add("", *shown)
        document.leave_out(max(0, len(sides.subjects) - _COMMITS), len(sides.subjects), "commits")
    if sides.declared:
        keys = [code(key) for key in sides.declared[: 2 * _COMMITS]]
        more = f" and {len(sides.declared) - len(keys)} more" if len(sides.declared) > len(keys) else ""
        document.add("", f"Declared otherwise: {', '.join(keys)}{more}")


def _sections(facts: Facts) -> Iterator[Section]:
    yield Section("Look at this first", list(_first(facts)))
    yield Section("Policies", list(_policies(facts)))
    yield Section("Network", _turned(facts.network))
    yield Section("Mesh", _turned(facts.mesh))
    yield Section(
        "Masking", [*_sights(facts.masking.sights), *(f"- {code(each)} differs" for each in facts.masking.unread)]
    )
    yield Section("Kafka ACLs", _turned(facts.kafka))
    yield Section("Quotas", [_quota(each.where, each.resource, each.old, each.new) for each in facts.quotas])
    yield Section("Cost", list(_cost(facts)))
    ordered = sorted(facts.changes, key=lambda change: (_ORDER[change.op], change.address))
    yield Section("Resources", [_resource(change) for change in ordered], most=150)


def _first(facts: Facts) -> Iterator[str]:
    for address, settings in facts.elsewhere:
        changed = ", ".join(code(setting) for setting in settings)
        yield f"- **elsewhere**: {code(address)} changes {changed}, so all that it makes may be made at another place."
    for change in facts.endangered:
        others = "1 other depends" if change.dependents == 1 else f"{change.dependents} others depend"
        on = f"; {others} on it" if change.dependents else ""
        why = "".join(f" ({sentence(reason)})" for reason in change.reasons[:2])
        yield f"- **{_PAST[change.op]}**: {code(change.address)}{why}. With it goes {change.loses}{on}."
    if facts.findings.blocking:
        yield f"- **refused**: {facts.findings.blocking} new findings are mandatory, so a deployment stops at them."
    if facts.findings.removed_rules:
        rules = ", ".join(code(rule) for rule in facts.findings.removed_rules)
        yield f"- **no longer checked**: the rules {rules} are gone; what they found shows as resolved."
    for rule, pattern, reason, until in facts.findings.excused:
        yield f"- **excused**: {code(rule)} no longer holds for {code(pattern)} until {code(until)}: {code(reason)}"
    bared: dict[tuple[str, str], list[str]] = {}
    for sight in facts.masking.sights:
        if sight.bared:
            bared.setdefault((sight.engine, sight.column), []).append(sight.role)
    for (engine, column), roles in bared.items():
        yield f"- **bared**: {code(column)} is in the clear now for {', '.join(map(code, roles))} ({engine})"


def _policies(facts: Facts) -> Iterator[str]:
    found = facts.findings
    if not (found.new or found.resolved or found.added_rules or found.removed_rules):
        return
    breaches = [each for each in found.new if not _not_known(each)]
    yield f"- {len(breaches)} new, {len(found.resolved)} resolved, {found.unchanged} unchanged"
    if found.added_rules:
        yield f"- rules that the base does not have: {', '.join(code(rule) for rule in found.added_rules[:30])}"
    yield from (_finding(each, "new", "mandatory" if each.mandatory else "advisory") for each in breaches)
    open_ = Counter(each.rule for each in found.new if _not_known(each))
    if open_:
        shown = ", ".join(f"{code(rule)} ({count})" for rule, count in sorted(open_.items())[:_RULES])
        yield f"- **not known yet**, and judged once the value is: {shown}"
    gone = set(found.removed_rules)
    yield from (_finding(each, "resolved", "its rule is gone" if each.rule in gone else "") for each in found.resolved)


def _not_known(finding: PolicyFinding) -> bool:
    return not finding.mandatory and finding.message.startswith(_UNKNOWN)


def _finding(finding: PolicyFinding, state: str, note: str) -> str:
    about = code(parse(finding.urn).name) if finding.urn else "the stack"
    path = f" {code(finding.path)}" if finding.path else ""
    remedy = f" To fix it: {code(finding.remedy, longest=300)}" if state == "new" else ""
    extra = f" ({note})" if note else ""
    return f"- **{state}**{extra} {code(finding.rule)}: {about}{path}: {code(finding.message, longest=400)}{remedy}"


def _turned(turns: Turns) -> list[str]:
    opened = [f"- **opened**: {sentence(phrase)}" for phrase in turns.opened]
    return opened + [f"- **closed**: {sentence(phrase)}" for phrase in turns.closed]


def _sights(sights: Iterable[SightChange]) -> Iterator[str]:
    """Say what changes for a role in one line a table, with all columns that it sees alike."""
    groups: dict[tuple[str, str, str, str, str], list[str]] = {}
    for each in sights:
        table, _, column = each.column.rpartition(".")
        groups.setdefault((each.engine, table, each.role, each.old, each.new), []).append(column)
    for (engine, table, role, old, new), columns in groups.items():
        shown = ", ".join(code(column) for column in columns[:_COLUMNS])
        more = f" and {len(columns) - _COLUMNS} more" if len(columns) > _COLUMNS else ""
        seen = f"{code(old, longest=100)} → {code(new, longest=100)}"
        yield f"- {engine}: {code(role)} sees {shown}{more} of {code(table)}: {seen}"


def _quota(where: str, resource: str, old: str, new: str) -> str:
    return f"- {code(where) if where else '**all together**'}: {code(resource)} {code(old)} → {code(new)}"


def _cost(facts: Facts) -> Iterator[str]:
    money = facts.cost
    if money is None:
        return
    difference = money["difference"]
    if difference and not any(difference.values()) and not money["changed"]:
        return
    was = f" (was {money['was']['typical']:,.2f}, **{difference['typical']:+,.2f}**)" if difference else ""
    idle = f"idle {money['idle']:,.2f}, after `down` {money['survivesDestroy']:,.2f}"
    yield f"- USD a month: typical {money['typical']:,.2f}{was}, {idle}"
    yield from (f"- {code(name)} {change:+,.2f}" for name, change in money["changed"].items())


def _resource(change: ResourceChange) -> str:
    lines = [f"- **{_PAST[change.op]}** {code(change.address)}"]
    lines += [f"    - replaced, since {sentence(reason)}" for reason in change.reasons if change.op == "replace"]
    lines += [f"    - {sentence(reason)}" for reason in change.reasons if change.op == "change"]
    lines += [f"    - {_field(field)}" for field in change.fields[:_FIELDS]]
    if len(change.fields) > _FIELDS:
        lines.append(f"    - and {len(change.fields) - _FIELDS} fields more")
    return "\n".join(lines)


def _field(field: Change) -> str:
    if field.kind == "add":
        return f"{code(field.text)}: added {code(compact(field.new))}"
    if field.kind == "delete":
        return f"{code(field.text)}: removed {code(compact(field.old))}"
    if isinstance(field.old, str) and isinstance(field.new, str) and "\n" in field.old + field.new:
        old, new = Counter(field.old.splitlines()), Counter(field.new.splitlines())
        return f"{code(field.text)}: {(new - old).total()} lines added, {(old - new).total()} removed"
    return f"{code(field.text)}: {code(compact(field.old))} → {code(compact(field.new))}"


def _everything(document: Document, facts: Facts) -> None:
    if not facts.changes:
        return
    lines, left = _fitting(list(diff_lines(facts.changes)), document.room - 200)
    if lines:
        document.add("", "<details><summary>Full diff</summary>", "", *fenced(lines, "diff"), "", "</details>")
    document.leave_out(left, len(facts.changes), "resources of the full diff")


def _fitting(blocks: Sequence[list[str]], room: int) -> tuple[list[str], int]:
    """Take whole resources as long as they fit; the size is that of the lines as they are written."""
    taken: list[str] = []
    size = fit = 0
    for block in blocks:
        needed = len("\n".join(fenced(block, ""))) + 1
        if size + needed <= room:
            taken += block
            size += needed
            fit += 1
    return taken, len(blocks) - fit
