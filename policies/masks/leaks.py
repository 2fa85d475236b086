"""Whether a mask keeps a person unknown, found out by masking values and looking at what is left."""

from __future__ import annotations

import functools
import re
from typing import Any, Final

from policies.masks.expression import ExpressionError, NoSuchValueError, evaluate

MOST_KEPT: Final = 4
"""Characters that may be left of a value: the last four of a card are what PCI DSS 3.4.1 lets anybody see."""

TOKEN_SUFFIX: Final = "__token"  # noqa: S105 - the end of a column's name
"""End of the name of the column that holds the tokens of another one."""

TOKEN: Final = "tok_email_" + "Q7" * 14
"""A token as the tokenization service makes them: random, so that it says nothing about the value."""

PROBES: Final = (
    "anna.o'neill+desk@mail.example.org",
    "jürgen@example.org",
    "a@b@example.org",
    "call me at bob.smith@example.com please",
    "078-05-1120",
    "078051120",
    "078 05 1120",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "378282246310005",
    "6304000000000000000",
    "+44 20 7946 0958",
    "(415) 555-0132",
    "DE89 3704 0044 0532 0130 00",
    "GB29NWBK60161331926819",
    "Margaret Atwood-Gillespie",
    "221B Baker Street",
    "2001:db8:85a3::8a2e:370:7334",
    "203.0.113.195",
    "1987-06-05",
    "first line\n078-05-1120",
    "123456789012345678901234567890",
)
"""Values of every kind that the catalog calls personal, in the forms in which people write them, and in the wrong
column too: numbers that were published for tests and documentation, and invented names."""

_SPACING: Final = re.compile(r"[^0-9A-Za-z]")
_YEAR_OF_DATE: Final = re.compile(r"[0-9]{4}-01-01")


@functools.lru_cache(maxsize=4096)
def problem_of_mask(sql: str, personal: tuple[str, ...], columns: tuple[str, ...], *, backslashes: bool) -> str:
    """Why what a reader is shown does not keep a person unknown, or empty.

    Args:
        sql: The expression that is shown.
        personal: The columns that say something about a person.
        columns: All columns that the expression may name.
        backslashes: Whether a backslash in a text escapes, as in ClickHouse.
    """
    for probe in PROBES:
        row = dict.fromkeys(columns, "other")
        for column in personal:
            # A value that got into the column of tokens must not come out of it either.
            row[column] = row[column + TOKEN_SUFFIX] = probe
        try:
            shown = evaluate(sql, row, backslashes=backslashes)
        except NoSuchValueError:
            continue
        except ExpressionError as error:
            return f"the mask {error}"
        if _leaks(probe, shown):
            return f"the mask lets more of a value through than {MOST_KEPT} characters"
    return ""


@functools.lru_cache(maxsize=4096)
def shows_token(sql: str, column: str, columns: tuple[str, ...], *, backslashes: bool) -> bool:
    """Whether an expression shows the token that stands beside a value, whatever the value is."""
    shown: set[Any] = set()
    for probe in PROBES[:3]:
        row = dict.fromkeys(columns, "other") | {column: probe, column + TOKEN_SUFFIX: TOKEN}
        try:
            value = evaluate(sql, row, backslashes=backslashes)
        except ExpressionError:
            return False
        shown.add(str(value))
    return shown == {TOKEN}


def _leaks(value: str, shown: Any) -> bool:
    if shown is None or shown == []:
        return False
    if _YEAR_OF_DATE.fullmatch(str(shown)):
        # Only the year of a date is left.
        return False
    text, original = _SPACING.sub("", str(shown)), _SPACING.sub("", value)
    return any(original[start : start + MOST_KEPT + 1] in text for start in range(max(len(original) - MOST_KEPT, 1)))
