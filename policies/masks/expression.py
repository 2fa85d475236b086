"""A small strict reader of the SQL expressions that mask a column, and what such an expression yields for a row.

It exists so that a mask is judged by what it does, not by who wrote it. Only what is written below is understood, after
the documentation of ClickHouse and Trino; anything else is an error, and a mask with an error does not pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<quoted>`[^`]+`|"[^"]+")|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<sign>[(),\[\]]))"""
)
_TYPE: Final = re.compile(r"\s*[A-Za-z][A-Za-z0-9_]*(?:\((?:[^()]|\([^()]*\))*\))?\s*")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST: Final = 10_000


class ExpressionError(ValueError):
    """An expression has a form that is not understood."""


class NoSuchValueError(ExpressionError):
    """The engine itself would refuse such a value, so that nothing of it is shown."""


Row = Mapping[str, Any]


def evaluate(sql: str, row: Row, *, backslashes: bool) -> Any:
    """What an expression yields for a row.

    Args:
        sql: The expression.
        row: The columns' values by name; texts or None. Dates are texts of the form `YYYY-MM-DD`.
        backslashes: Whether a backslash in a text escapes, as in ClickHouse.

    Returns:
        Text, a whole number, an empty list, a truth value or None.

    Raises:
        ExpressionError: If it is not understood, or names a column that the row does not have.
    """
    if len(sql) > _LONGEST:
        raise ExpressionError("is too long")
    reader = _Reader(sql, row, backslashes)
    value = reader.value()
    reader.end()
    return value


class _Reader:
    def __init__(self, sql: str, row: Row, backslashes: bool) -> None:
        self._sql, self._row, self._backslashes = sql, row, backslashes
        self._at = 0

    def value(self) -> Any:
        kind, text = self._next()
        if kind == "quoted" or (kind == "word" and self._peek() != "(" and text.upper() not in ("NULL", "CASE")):
            return self._column(text.strip('`"'))
        if kind == "text":
            return self._text(text)
        if kind == "number":
            return int(text)
        if text == "[":
            self._expect("]")
            return []
        if kind == "word":
            return self._word(text)
        raise ExpressionError(f"has {text!r} where a value should be")

    def end(self) -> None:
        if self._sql[self._at :].strip():
            raise ExpressionError(f"goes on with {self._sql[self._at :].strip()[:20]!r}")

    def _word(self, word: str) -> Any:
        if word.upper() == "NULL":
            return None
        if word.upper() == "CASE":
            return self._case()
        if word.upper() == "CAST":
            return self._cast()
        function = _FUNCTIONS.get(word)
        if function is None:
            raise ExpressionError(f"calls {word}, which is not understood")
        self._expect("(")
        arguments = [self.value()]
        while self._peek() == ",":
            self._next()
            arguments.append(self.value())
        self._expect(")")
        try:
            return None if None in arguments else function(*arguments)
        except NoSuchValueError:
            raise
        except (TypeError, ValueError, re.error) as error:
            raise ExpressionError(f"calls {word} in a way that is not understood") from error

    def _case(self) -> Any:
        chosen: list[Any] = []
        while (word := self._next()[1].upper()) == "WHEN":
            holds = self._condition()
            self._keyword("THEN")
            value = self.value()
            if holds:
                chosen.append(value)
        if word == "ELSE":
            chosen.append(self.value())
            word = self._next()[1].upper()
        if word != "END":
            raise ExpressionError("has a CASE without END")
        return chosen[0] if chosen else None

    def _condition(self) -> bool:
        value = self.value()
        if self._peek().upper() == "IS":
            self._keyword("IS")
            self._keyword("NULL")
            return value is None
        if value is not None and not isinstance(value, bool):
            raise ExpressionError("has a condition that is neither IS NULL nor a match")
        return value is True

    def _cast(self) -> Any:
        self._expect("(")
        value = self.value()
        self._keyword("AS")
        match = _TYPE.match(self._sql, self._at)
        if match is None:
            raise ExpressionError("casts to no type")
        self._at = match.end()
        self._expect(")")
        return value

    def _column(self, name: str) -> Any:
        if name not in self._row:
            raise ExpressionError(f"reads {name}, which the dataset does not have")
        return self._row[name]

    def _text(self, quoted: str) -> str:
        text = quoted[1:-1].replace("''", "'")
        return re.sub(r"\\(.)", r"\1", text) if self._backslashes else text

    def _keyword(self, wanted: str) -> None:
        if self._next()[1].upper() != wanted:
            raise ExpressionError(f"has no {wanted} where it should be")

    def _expect(self, sign: str) -> None:
        if self._next()[1] != sign:
            raise ExpressionError(f"has no {sign} where it should be")

    def _peek(self) -> str:
        match = _TOKEN.match(self._sql, self._at)
        return match[match.lastgroup] if match and match.lastgroup else ""

    def _next(self) -> tuple[str, str]:
        match = _TOKEN.match(self._sql, self._at)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"has {self._sql[self._at : self._at + 20]!r}, which is not understood")
        self._at = match.end()
        return match.lastgroup, match[match.lastgroup]


def _pattern(text: str) -> re.Pattern[str]:
    # RE2 and Joni write the end of a text as \z, Python as \Z.
    return re.compile(text.replace(r"\z", r"\Z"))


def _substring(text: str, start: int, length: int | None = None) -> str:
    begin = start - 1 if start > 0 else max(len(text) + start, 0)
    return text[begin:] if length is None else text[begin : begin + length]


def _matches(text: str, pattern: str) -> bool:
    return _pattern(pattern).search(text) is not None


def _replaced(text: str, pattern: str, by: str) -> str:
    return _pattern(pattern).sub(lambda _: by, text)


def _joined(*parts: str) -> str:
    return "".join(parts)


def _year(text: str) -> int:
    if not _DATE.fullmatch(text):
        raise NoSuchValueError("takes the year of what is no date")
    return int(text[:4])


def _date(year: int, month: int, day: int) -> str:
    return f"{year:04d}-{month:02d}-{day:02d}"


def _truncated(unit: str, text: str) -> str:
    if unit != "year":
        raise ValueError(unit)
    return f"{_year(text)}-01-01"


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "concat": _joined,
    "date_trunc": _truncated,
    "makeDate32": _date,
    "match": _matches,
    "regexp_like": _matches,
    "regexp_replace": _replaced,
    "replaceRegexpAll": _replaced,
    "substr": _substring,
    "substring": _substring,
    "toYear": _year,
}
