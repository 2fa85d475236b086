"""Personal data as it really comes, all of it made up or published as an example, and what counts as a leak of it."""

from __future__ import annotations

EMAILS = (
    "simple@example.com",
    "very.common@example.com",
    "user.name+tag+sorting@example.com",
    "long.email-address-with-hyphens@and.subdomains.example.com",
    '"john..doe"@example.org',
    '" spaced local "@example.org',
    "mailhost!username@example.org",
    "user%example.com@example.org",
    "postmaster@[192.0.2.123]",
    "jane@doe@example.com",
    "Pelé.Nascimento@example.com",
    "用户名用户名@例子.广告",
    "Jane Doe <jane.doe@example.com>",
    "jane.doe@example.com, john.doe@example.com",
    "jane.doe@example.com\n",
    "\u00a0jane.doe@example.com",
)
SSNS = ("078-05-1120", "219-09-9999", "078051120", "078 05 1120", "078-05-1120\n", "078.05.1120", "SSN 078-05-1120")
CARDS = (
    "4111111111111111",
    "4111 1111 1111 1111",
    "5555-5555-5555-4444",
    "378282246310005",
    "3782 822463 10005",
    "4222222222222",
    "6304000000000000000",
    "card 4111111111111111 exp 12/30",
    "4111111111111111 ",
    "٤١١١١١١١١١١١١١١١",
)
PHONES = (
    "+1 202-555-0143",
    "(202) 555-0143",
    "2025550143",
    "+44 20 7946 0958",
    "call 202-555-0143",
    "202.555.0143 x17",
)
ACCOUNTS = ("DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "000123456789", "IBAN: DE89370400440532013000")
NAMES = (
    "Ada Lovelace",
    "Ólafur Þór Jónsson",
    "O'Hara-Smith",
    "李小龙李小龙",
    "Xi",
    "Robert'); DROP TABLE customers;--",
)
TEXTS = (
    "Customer Jane Doe (SSN 078-05-1120, jane.doe@example.com) pays with 4111 1111 1111 1111.",
    "",
    " ",
    "\x00\x01binary\x7f",
    "garbage ¯\\_(ツ)_/¯",
    "9" * 300,
    "a@" * 40,
)
EVERYTHING = (*EMAILS, *SSNS, *CARDS, *PHONES, *ACCOUNTS, *NAMES, *TEXTS)

TELLING = 5
"""Characters in a row that tell more of a value than a mask may keep."""


def leak(raw: str | None, shown: str | None) -> str | None:
    """The first run of letters and digits of ``raw``, ``TELLING`` long, that stands in ``shown``; spaces and signs
    between them do not hide a number, so they are left out on both sides."""
    if raw is None or shown is None:
        return None
    hidden, seen = _plain(raw), _plain(shown)
    runs = (hidden[i : i + TELLING] for i in range(max(len(hidden) - TELLING + 1, 0)))
    return next((run for run in runs if run in seen), None)


def _plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
