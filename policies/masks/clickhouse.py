"""What a script for ClickHouse gives to whom: roles, views, row policies and grants.

Only the statements that the platform's own scripts consist of are understood. Everything else is returned as such, so
that a rule can refuse it: a statement that nobody understands may grant anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final

_NAME: Final = r"(?:`(?P<{0}>[^`]+)`|(?P<{0}_>[A-Za-z_][A-Za-z0-9_]*))"


class _Form:
    """A form of statement, compiled when it is first looked for: most folders have no script, and eight take 8 ms."""

    def __init__(self, text: str, *names: str) -> None:
        self._text = text.format(*(_NAME.format(name) for name in names))

    @cached_property
    def fullmatch(self) -> Callable[[str], re.Match[str] | None]:
        return re.compile(self._text, re.IGNORECASE | re.DOTALL).fullmatch


_VIEW: Final = _Form(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?VIEW\s+{}\.{}\s+DEFINER\s*=\s*{}\s+SQL\s+SECURITY\s+DEFINER\s+AS\s+SELECT\s+(?P<items>.+)"
    r"\s+FROM\s+{}\.{}(?:\s+AS\s+`?\w+`?)?",
    *("database", "view", "definer", "zone", "table"),
)
_POLICY: Final = _Form(
    r"CREATE\s+ROW\s+POLICY\s+(?:OR\s+REPLACE\s+|IF\s+NOT\s+EXISTS\s+)?{}\s+ON\s+{}\.{}\s+FOR\s+SELECT\s+USING\s+"
    r"(?P<condition>.+)\s+TO\s+{}",
    *("policy", "database", "table", "role"),
)
_GRANT: Final = _Form(r"GRANT\s+(?P<privileges>.+?)\s+TO\s+(?P<roles>.+?)(?:\s+WITH\s+REPLACE\s+OPTION)?")
_PRIVILEGE: Final = _Form(r"(?P<privilege>[A-Z ]+?)\s+ON\s+{}\.{}", "database", "table")
_ROLE: Final = _Form(r"{}", "role")
_NOBODY: Final = _Form(
    r"CREATE\s+USER\s+(?:IF\s+NOT\s+EXISTS\s+)?{}\s+IDENTIFIED\s+WITH\s+no_password\s+HOST\s+NONE", "user"
)
_SIGNS = re.compile(
    r"""'(?:\\.|[^'\\])*(?:'|\\?\Z)|"(?:\\.|[^"\\])*(?:"|\\?\Z)|`(?:\\.|[^`\\])*(?:`|\\?\Z)|[()\[\],;]""", re.DOTALL
)
"""A text or name in its marks, to the end of the script where it is not closed, or a sign that splits or nests."""

_HARMLESS: Final = _Form(
    r"CREATE\s+(?:ROLE|DATABASE)\s+(?:IF\s+NOT\s+EXISTS\s+)?{}(?:\s+ON\s+CLUSTER\s+'\{{[a-z]+\}}')?", "name"
)
_REVOKE: Final = _Form(r"REVOKE\s+.+\s+FROM\s+{}", "role")
"""What takes away may be passed over: a reader who is thought to see more than he does is judged too strictly."""

_ITEM: Final = _Form(r"(?P<expression>.+)\s+AS\s+{}", "name")


@dataclass(frozen=True, slots=True)
class View:
    """What a view shows.

    Attributes:
        name: Its database and name.
        table: The database and name of the table that it reads.
        definer: The user as which it reads.
        items: The expression of each of its columns, by name.
        opaque: What it selects in a form that is not understood, such as a star.
    """

    name: tuple[str, str]
    table: tuple[str, str]
    definer: str
    items: dict[str, str]
    opaque: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a role may do with a table or view."""

    privilege: str
    on: tuple[str, str]
    role: str


@dataclass(frozen=True, slots=True)
class Script:
    """A script, taken apart.

    Attributes:
        views: The views.
        policies: Condition by database, name and role.
        grants: The grants.
        nobodies: The users as which nobody can sign in.
        opaque: The statements that are not understood.
    """

    views: list[View] = field(default_factory=list)
    policies: dict[tuple[str, str, str], str] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    nobodies: set[str] = field(default_factory=set)
    opaque: list[str] = field(default_factory=list)


@lru_cache(maxsize=8)
def read_script(text: str) -> Script:
    """Take a script apart, statement by statement; several rules read the same one, and none changes it."""
    script = Script()
    for statement in _split(text, ";"):
        _read(statement.strip(), script)
    return script


def _read(statement: str, script: Script) -> None:
    if not statement or _HARMLESS.fullmatch(statement) or _REVOKE.fullmatch(statement):
        return
    if match := _VIEW.fullmatch(statement):
        items: dict[str, str] = {}
        opaque: list[str] = []
        for item in _split(match["items"], ","):
            named = _ITEM.fullmatch(item.strip())
            if named:
                items[_name(named, "name")] = named["expression"].strip()
            else:
                opaque.append(item.strip())
        name, table = _pair(match, "database", "view"), _pair(match, "zone", "table")
        script.views.append(View(name, table, _name(match, "definer"), items, tuple(opaque)))
    elif match := _POLICY.fullmatch(statement):
        key = (*_pair(match, "database", "table"), _name(match, "role"))
        script.policies[key] = match["condition"].strip()
    elif (match := _GRANT.fullmatch(statement)) and (grants := _grants(match)):
        script.grants.extend(grants)
    elif match := _NOBODY.fullmatch(statement):
        script.nobodies.add(_name(match, "user"))
    else:
        script.opaque.append(statement)


def _grants(match: re.Match[str]) -> list[Grant]:
    """Each privilege for each role; none if any part is not understood."""
    privileges = [_PRIVILEGE.fullmatch(part.strip()) for part in _split(match["privileges"], ",")]
    roles = [_ROLE.fullmatch(part.strip()) for part in _split(match["roles"], ",")]
    found: list[Grant] = []
    for privilege in privileges:
        for role in roles:
            if privilege is None or role is None:
                return []
            on = _pair(privilege, "database", "table")
            found.append(Grant(privilege["privilege"].upper(), on, _name(role, "role")))
    return found


def _name(match: re.Match[str], group: str) -> str:
    return match[group] or match[f"{group}_"] or ""


def _pair(match: re.Match[str], first: str, second: str) -> tuple[str, str]:
    return _name(match, first), _name(match, second)


def _split(text: str, separator: str) -> list[str]:
    """Split at a sign that stands outside of texts, names, comments and brackets."""
    parts: list[str] = []
    begin = depth = 0
    for match in _SIGNS.finditer(text):
        sign = match[0]
        if sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        elif sign == separator and depth == 0:
            parts.append(text[begin : match.start()])
            begin = match.end()
    parts.append(text[begin:])
    return parts
