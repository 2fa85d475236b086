"""Who sees what of which column, as the artifacts say that the engines load."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from policies.masks.clickhouse import read_script
from sandbox.deploy.compare.statements import compact, manifests, mapping, sequence
from sandbox.engine.events import StepPlanned

ARTIFACT: Final = "platform/artifact"
"""The label that says what a ConfigMap carries."""

CLEAR: Final = "in the clear"
NOTHING: Final = "not at all"
OTHERS: Final = "(every other column)"
"""Stands for the columns of a table that its rules do not name."""

Sights = dict[tuple[str, str, str], str]
"""How a column is seen, by engine, column (`zone.table.column`) and role."""


@dataclass(frozen=True)
class SightChange:
    """A column that a role sees otherwise.

    Attributes:
        engine: where.
        column: its zone, table and name.
        role: who.
        old: how it was seen; `NOTHING` if it was not.
        new: how it is seen.
        bared: it is in the clear now, was not before, and is no new column.
    """

    engine: str
    column: str
    role: str
    old: str
    new: str
    bared: bool = False


@dataclass(frozen=True)
class MaskingChanges:
    """What differs.

    Attributes:
        sights: the columns that somebody sees otherwise.
        unread: the artifacts that differ and that nothing here can read: `kind/file`.
    """

    sights: tuple[SightChange, ...] = ()
    unread: tuple[str, ...] = ()


def masking_changes(base: Iterable[StepPlanned], head: Iterable[StepPlanned]) -> MaskingChanges:
    """Compare who sees what."""
    before, after = _files(base), _files(head)
    old, new = sights(before), sights(after)
    was_stored, is_stored = _columns(before), _columns(after)
    known = {key[:2] for key in old}
    changed = [
        SightChange(*key, was, now, bared=key[:2] in known and now.startswith(CLEAR) and not was.startswith(CLEAR))
        for key in sorted(old.keys() | new.keys())
        if (was := _seen(old, key, was_stored)) != (now := _seen(new, key, is_stored))
    ]
    differ = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return MaskingChanges(tuple(changed), tuple(sorted("/".join(key) for key in differ - _READABLE)))


def _seen(sights_: Sights, key: tuple[str, str, str], stored: Mapping[str, set[str]]) -> str:
    """Return how a column is seen.

    One that no rule names is seen as the rest of its table is, unless the table has no such column.
    """
    engine, column, role = key
    table, _, name = column.rpartition(".")
    columns = stored.get(".".join(table.split(".")[-2:]))
    if columns is not None and name != OTHERS and name not in columns:
        return NOTHING
    rest = f"{table}.{OTHERS}"
    return sights_.get(key) or sights_.get((engine, rest, role), NOTHING)


def sights(files: Mapping[tuple[str, str], str]) -> Sights:
    """Read who sees what from files of artifacts, by artifact kind and file name; what cannot be read is left out."""
    found: Sights = {}
    for (kind, name), text in files.items():
        if kind == "clickhouse-access" and name == "access.sql":
            found |= _clickhouse(text)
        elif kind in _JSON:
            with suppress(ValueError, RecursionError):
                for place, sight in _JSON[kind](json.loads(text)):
                    found.setdefault(place, sight)  # the first rule that fits is the one that counts
    return found


def _files(steps: Iterable[StepPlanned]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for manifest in manifests(steps, "", "ConfigMap"):
        kind = mapping(manifest, "metadata", "labels").get(ARTIFACT)
        if isinstance(kind, str):
            for name, text in mapping(manifest, "data").items():
                found[(kind, name)] = compact(text)
    return found


def _columns(files: Mapping[tuple[str, str], str]) -> dict[str, set[str]]:
    """Return the columns of the tables that are created, by `zone.table`; a column of any engine counts."""
    found: dict[str, set[str]] = {}
    for (kind, name), text in files.items():
        if kind.endswith("-tables") and name.endswith(".sql"):
            for table in _TABLE.finditer(text):
                columns = {each["name"] for each in _COLUMN.finditer(table["columns"])}
                found.setdefault(f"{table['zone']}.{table['table']}", set()).update(columns)
    return found


_TABLE: Final = re.compile(
    r"""^CREATE TABLE IF NOT EXISTS (?:\w+\.)?["`](?P<zone>\w+)["`]\.["`](?P<table>\w+)["`]\s*\($(?P<columns>.*?)^\)""",
    re.MULTILINE | re.DOTALL,
)
_COLUMN: Final = re.compile(r"""^\s+["`](?P<name>\w+)["`] """, re.MULTILINE)

_Sight = tuple[tuple[str, str, str], str]


def _decisions(data: Any) -> Iterator[_Sight]:
    """What the policy engine decides: a treatment of each class by role, and the classes of the columns."""
    for dataset, facts in mapping(data, "datasets").items():
        zone = mapping(facts).get("zone")
        columns = mapping(facts).get("columns")
        named = (
            columns.items() if isinstance(columns, Mapping) else ((mapping(c).get("name"), c) for c in columns or ())
        )
        for name, column in named:
            class_ = mapping(column).get("class") if isinstance(column, Mapping) else column
            for role, rules in mapping(data, "roles").items():
                treatment = mapping(rules, "treatments").get(str(class_))
                if treatment is not None and treatment != "hidden":
                    place = f"{zone}.{dataset}.{name}" if zone else f"{dataset}.{name}"
                    yield ("decisions (OPA)", place, role), CLEAR if treatment == "clear" else compact(treatment)


def _trino(data: Any) -> Iterator[_Sight]:
    for rule in sequence(data, "tables"):
        if not sequence(rule, "privileges"):
            continue
        facts = mapping(rule)
        table = ".".join(compact(facts.get(key, ".*")) for key in ("catalog", "schema", "table"))
        filtered = f", only rows where {compact(facts['filter'])}" if "filter" in facts else ""
        for role in compact(facts.get("group", "everybody")).split("|"):
            who = role.removeprefix("role-")
            yield ("Trino", f"{table}.{OTHERS}", who), CLEAR + filtered
            for column in sequence(rule, "columns"):
                name, sight = compact(mapping(column).get("name")), _trino_sight(mapping(column))
                yield ("Trino", f"{table}.{name}", who), sight if sight == NOTHING else sight + filtered


def _trino_sight(column: Mapping[str, Any]) -> str:
    if column.get("allow") is False:
        return NOTHING
    return f"as {compact(column['mask'])}" if "mask" in column else CLEAR


def _tokens(data: Any) -> Iterator[_Sight]:
    for rules in mapping(data, "classes").values():
        for column in sequence(rules, "columns"):
            for role in sequence(rules, "detokenize"):
                yield ("tokenization", compact(column), compact(role)), "read back from its token"


def _clickhouse(text: str) -> Sights:
    script = read_script(text)
    readers: dict[tuple[str, str], list[str]] = {}
    for grant in script.grants:
        readers.setdefault(grant.on, []).append(grant.role)
    found: Sights = {}
    views = {view.name for view in script.views}
    for view in script.views:
        place = ".".join(view.table)
        for role in readers.get(view.name, ()):
            condition = script.policies.get((*view.table, role))
            only = f", only rows where {condition}" if condition else ""
            for column, expression in view.items.items():
                bare = expression.strip("`") == column
                found[("ClickHouse", f"{place}.{column}", role)] = (CLEAR if bare else f"as {expression}") + only
            if view.opaque:
                found[("ClickHouse", f"{place}.{OTHERS}", role)] = CLEAR + only
    for on, roles in readers.items():
        if on not in views:
            found |= {("ClickHouse", f"{'.'.join(on)}.{OTHERS}", role): CLEAR for role in roles}
    return found


_JSON: Final = {"opa-data": _decisions, "trino-access": _trino, "tokenization-roles": _tokens}

_READABLE: Final = frozenset(
    {
        ("opa-data", "catalog.json"),
        ("trino-access", "rules.json"),
        ("clickhouse-access", "access.sql"),
        ("tokenization-roles", "tokenization.json"),
    }
)
