"""Finds secrets in the text of configuration files, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.secret_forms import secret_form
from policies.secret_text import is_literal, names_secret

_PAIR: Final = re.compile(
    r"""^\s*(?:export\s+|set\s+|-\s+)?["']?(?P<name>[A-Za-z_][A-Za-z0-9_.\[\]-]{0,80})["']?\s*(?:=>|:=|[:=])\s*(?P<value>\S.*)"""
)
_XML: Final = re.compile(r"<(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,80})>(?P<value>[^<>]+)</(?P=name)>")
_PROPERTY: Final = re.compile(
    r"""<name>\s*(?P<name>[\w.-]{1,80})\s*</name>\s*<value>(?P<value>[^<>]+)</value>"""
    r"""|\b(?:key|name)="(?P<key>[\w.:-]{1,80})"\s+value="(?P<quoted>[^"]+)\""""
)
"""Hadoop's properties, and those of .NET: a name and its value, each in a place of its own."""

_INLINE: Final = re.compile(
    r"""(?<![\w.$%-])["']?(?P<name>[A-Za-z_][\w.-]{0,80})(?:["']?\s*[:=]\s*(?P<value>"[^"]+"|'[^']+')|=(?P<bare>[^\s;,&"'`][^\s;,&"']*))"""
)
"""Names with values in the middle of a line: JSON and JAAS with the value in quotes, the words of a connection."""

_REFERENCE: Final = re.compile(
    r"""\$\{|\$\(|\{\{|%\(|%\{|ENC\[|\$[A-Z_]{2,}|\b(?:env|getenv|secret|vault|file|ref|lookup|from_secret|valueFrom)\b[:(./\s]"""
    r"""|\b(?:input|data|var|local|module|self|config|settings|os|process)\.""",
    re.IGNORECASE,
)
_STANDS_FOR: Final = re.compile(
    r"(?:x{3,}|.*x{6}.*|.*(.)\1{7}.*|\*{3,}|<.*>|\.{3}|your[-_ ].*|example.*|redacted|\[.*\]|\{.*|\(.*|[|>][-+]?)",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
_POOR: Final = re.compile(r"[A-Za-z]{2}|[xX]{3,}")
_KEYWORDS: Final = frozenset(
    {
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "null",
        "none",
        "nil",
        "string",
        "str",
        "bytes",
        "text",
        "int",
        "required",
    }
    | {"optional", "disabled", "enabled", "auto", "default", "undefined", "basic", "plain", "md5", "scram-sha-256"}
    | {"scram-sha-512", "vault", "kubernetes", "file", "env"}
)
_HAS_PATTERN: Final = re.compile(r"[\\^|*+?]|\{\d")
_HINT: Final = re.compile(r"pass|pwd|secret|token|key|credential|bearer", re.IGNORECASE)
_SMALL_HINT: Final = re.compile(_HINT.pattern)
_PROGRAMS: Final = (".rego", ".sql", ".py", ".js", ".ts", ".go", ".java", ".lua", ".md", ".html", ".css")
_SHORTEST: Final = 3


def secret_in(name: str, text: str) -> str:
    """What secret a configuration file contains, such as `a private key` or `the value of db.password`.

    Args:
        name: The file's name, which tells programs, in which a name is not followed by its value, from settings.
        text: Its content.

    Returns:
        What was found, without the secret itself; empty if nothing was.
    """
    if form := secret_form(text):
        return form
    if "\n" not in text.strip() and names_secret(name) and _is_entry(text.strip()):
        return f"the value of {name}"
    if name.endswith(_PROGRAMS):
        return ""
    for line in _telling_lines(text):
        if line.lstrip().startswith(("#", "//", ";", "--", "*")):
            continue
        for found, value in _named(line):
            if _names_secret(found) and _is_value(value):
                return f"the value of {found}"
    for match in _PROPERTY.finditer(text) if "<value>" in text or 'value="' in text else ():
        found, value = match["name"] or match["key"], match["value"] or match["quoted"]
        if _names_secret(found) and _is_value(value):
            return f"the value of {found}"
    return ""


def _named(line: str) -> Iterator[tuple[str, str]]:
    if match := _PAIR.match(line):
        # What ends the pair is taken off here: a pattern would try each of a thousand blanks for the last one.
        value = match["value"].rstrip()
        yield match["name"], value[:-1] if value[-1] in ",;" else value
    for match in _XML.finditer(line):
        yield match["name"], match["value"]
    for match in _INLINE.finditer(line):
        yield match["name"], match["value"] or match["bare"]


def _telling_lines(text: str) -> Iterator[str]:
    """The lines that name something of the kind: most name nothing, and one search is far cheaper than one a line."""
    done = 0
    # In small letters the same is found many times faster; beyond ASCII they may be more or fewer than the large ones.
    small = text.isascii()
    for hint in (_SMALL_HINT if small else _HINT).finditer(text.lower() if small else text):
        if hint.start() < done:
            continue
        begin, end = text.rfind("\n", 0, hint.start()) + 1, text.find("\n", hint.end())
        done = len(text) if end < 0 else end
        yield from (line for line in text[begin:done].splitlines() if _HINT.search(line))


def _names_secret(name: str) -> bool:
    # In settings a last word `pass` is a password; elsewhere it may be a step or a ticket.
    return names_secret(name) or re.search(r"(?:^|[._-])pass$", name, re.IGNORECASE) is not None


def _is_entry(text: str) -> bool:
    # A whole entry is what a program is given: one that is short, or crossed out, is a password of a bad kind.
    return _is_value(text) or (_POOR.fullmatch(text) is not None and text.lower() not in _KEYWORDS)


def _is_value(text: str) -> bool:
    bare = text.strip().split(" #")[0].strip()
    value = bare.strip("\"'`")
    # Only what stands in quotes may be a phrase with blanks.
    phrase = len(bare) - len(value) == 2 and bare[0] == bare[-1]
    return (
        len(value) >= _SHORTEST
        and is_literal(value)
        and value.lower() not in _KEYWORDS
        and any(sign.isalnum() for sign in value)
        and (phrase or not any(sign.isspace() for sign in value))
        and not _REFERENCE.search(value)
        and not _STANDS_FOR.fullmatch(value)
        and not _HAS_PATTERN.search(value)
        # A name in capitals is the name of what is to stand there; a command in backticks is run.
        and not (_NAME.fullmatch(value) or (bare.startswith("`") and " " in bare))
    )
