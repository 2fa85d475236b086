"""What a masked value looks like: one definition, from which every engine's expression is rendered.

A mask never passes on what it does not recognize: a value that is not of the expected form, such as a card number in
an e-mail column or an address within a sentence, becomes three stars. Of a value that it does recognize it keeps at
most four characters, too few to tell who it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from infra.core.data.classes import MaskName
from infra.core.data.sql_text import Dialect, literal

REDACTED = "***"
TOKEN_PATTERN = "tok_[a-z]{2,20}_[A-Za-z0-9_-]{22,64}"  # noqa: S105 - the form of a token, not a token
"""Form of what the tokenization service returns: the kind of value, then at least 128 random bits in base64url."""

MOST_KEPT = 4
"""Characters of a value that a mask may keep."""

_NOT_KEPT = "[^0-9A-Za-z]"


@dataclass(frozen=True)
class Mask:
    """One mask.

    Attributes:
        form: regular expression that the whole value must match, in the syntax that RE2, Joni and Python share;
            without it, no value is recognized.
        first: how many of the first characters are kept; the form guarantees that they are ASCII.
        text: what stands between or instead of what is kept.
        last: how many of the last letters and digits are kept.
    """

    form: str | None = None
    first: int = 0
    text: str = REDACTED
    last: int = 0

    def __post_init__(self) -> None:
        """Refuse a mask that keeps too much.

        Raises:
            ValueError: it keeps more than ``MOST_KEPT`` characters.
        """
        if self.first + self.last > MOST_KEPT:
            raise ValueError(f"a mask may keep at most {MOST_KEPT} characters, not {self.first + self.last}")


MASKS: Mapping[MaskName, Mask] = {
    "redact": Mask(),
    "email": Mask(form="[A-Za-z0-9][^@ ]*@[^@ ]+", first=1, text="***@***"),
    "ssn": Mask(form="[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}", text="***-**-", last=4),
    "card": Mask(form="[0-9](?:[ -]?[0-9]){12,18}", text="**** **** **** ", last=4),
    "phone": Mask(form="[+(]{0,2}[0-9](?:[ ().-]{0,3}[0-9]){6,14}", text="***-", last=2),
    "account": Mask(form="[A-Za-z0-9](?:[ -]?[A-Za-z0-9]){10,33}", text="****", last=4),
}
"""Mask by name. Forms: 13 to 19 digits of a card number (ISO/IEC 7812-1 and what issuers use of it), 7 to 15 of a
telephone number (ITU-T E.164), at most 34 characters of an IBAN (ISO 13616)."""


def mask_value(name: MaskName, value: str | None) -> str | None:
    """What ``value`` looks like masked: the meaning that the engines' expressions must have."""
    mask = MASKS[name]
    if value is None:
        return None
    if mask.form is None or not re.fullmatch(mask.form, value):
        return REDACTED
    kept = re.sub(_NOT_KEPT, "", value)[-mask.last :] if mask.last else ""
    return value[: mask.first] + mask.text + kept


def mask_sql(name: MaskName, column: str, dialect: Dialect) -> str:
    """The same as an SQL expression over ``column``, an already quoted name of a text column."""
    mask = MASKS[name]
    redacted = literal(REDACTED, dialect)
    if mask.form is None:
        return f"CASE WHEN {column} IS NULL THEN NULL ELSE {redacted} END"
    parts = [f"substr({column}, 1, {mask.first})"] if mask.first else []
    parts.append(literal(mask.text, dialect))
    if mask.last:
        replace = "replaceRegexpAll" if dialect == "clickhouse" else "regexp_replace"
        kept = f"{replace}({column}, {literal(_NOT_KEPT, dialect)}, '')"
        parts.append(f"substr({kept}, -{mask.last})")
    shape = f"concat({', '.join(parts)})"
    whole = whole_match(column, mask.form, dialect)
    return f"CASE WHEN {column} IS NULL THEN NULL WHEN {whole} THEN {shape} ELSE {redacted} END"


def token_sql(token_column: str, dialect: Dialect) -> str:
    """The token beside a value, when it has the form of one; otherwise nothing, never the value."""
    return f"CASE WHEN {whole_match(token_column, TOKEN_PATTERN, dialect)} THEN {token_column} END"


def whole_match(column: str, form: str, dialect: Dialect) -> str:
    r"""Whether all of ``column`` has ``form``: by ``\A`` and ``\z``, since ``$`` also stands before a line feed."""
    function = "match" if dialect == "clickhouse" else "regexp_like"
    whole = literal(rf"\A(?:{form})\z", dialect)
    return f"{function}({column}, {whole})"
