"""Tells by form and check digits what is likely to be a number that identifies a person."""

from __future__ import annotations

import re
from typing import Final

_CARD: Final = re.compile(r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w-]|\.\d)")
_CARD_BEGINS: Final = re.compile(
    r"4|5[1-5]|2(?:20[0-4]|22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)|3[47]|3(?:0[0-5]|[68])|6(?:011|4[4-9]|5)|35(?:2[89]|[3-8])|62"
    r"|50|5[6-8]|6[37]|(?:60|8[12])(?=\d{14}\Z)|(?:2131|1800)(?=\d{11}\Z)|1(?=\d{14}\Z)"
)
"""Issuers of ISO/IEC 7812 that hand out cards, from their published ranges; the air travel plan's begin with 1."""

_SSN: Final = re.compile(r"(?<![\w.-])(?!000|666|9\d\d)(\d{3})([-. ])(?!00)(\d\d)\2(?!0000)(\d{4})(?![\w-]|\.\d)")
"""Social security numbers as the administration hands them out: never 000, 666 or 9xx, no group or serial of zeros."""

_IBAN: Final = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?(?!\w)")
_LIKELY: Final = re.compile(
    r"\d(?:(?<![\w.-]\d)(?:\d\d[-. ]\d\d[-. ]\d|(?:[ -]?\d){12})|(?<=[A-Z]{2}\d\d)[ -]?[A-Z0-9]{4}[ -]?[A-Z0-9]{4})"
)
"""What every such number contains, sought from its digits: most texts are done with after this one search."""

_CARD_LENGTHS: Final = range(13, 20)
_IBAN_LENGTHS: Final = range(15, 35)


def personal_number(text: str) -> str:
    """What kind of personal number a text contains, such as `a card number`; empty if none is recognised."""
    if not _LIKELY.search(text):
        return ""
    if any(_is_card(match[0]) for match in _CARD.finditer(text)):
        return "a card number"
    if _SSN.search(text):
        return "a social security number"
    if any(_is_iban(match[0]) for match in _IBAN.finditer(text)):
        return "a bank account number"
    return ""


def _is_card(text: str) -> bool:
    digits = [int(sign) for sign in text if sign.isdigit()]
    packed = "".join(map(str, digits))
    if len(digits) not in _CARD_LENGTHS or len(set(digits)) == 1 or not _CARD_BEGINS.match(packed):
        return False
    if len(digits) == _CARD_LENGTHS[0] and packed[0] != "4":
        # Thirteen digits are an instant in milliseconds far more often than one of the old cards of other issuers.
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    # Words in capitals that follow a number look like groups of it.
    groups = re.split(r"[ -]", text)
    while groups and groups[-1].isalpha():
        if _adds_up("".join(groups)):
            return True
        groups.pop()
    return _adds_up("".join(groups))


def _adds_up(packed: str) -> bool:
    if len(packed) not in _IBAN_LENGTHS:
        return False
    return int("".join(str(int(sign, 36)) for sign in packed[4:] + packed[:4])) % 97 == 1
