"""Keeping secrets out of logs: by the name of a field, by type, and by the shape of a text."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

MASK = "***"

_MAX_DEPTH = 8

_SECRET_WORDS = frozenset(
    {
        "apikey",
        "authorization",
        "cookie",
        "credential",
        "credentials",
        "jaas",
        "passphrase",
        "passwd",
        "password",
        "passwords",
        "secret",
        "secrets",
        "token",
        "tokens",
    }
)
_SECRET_PAIRS = frozenset({("api", "key"), ("access", "key"), ("private", "key"), ("signing", "key")})

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

# Repetitions are bounded or begin at one place only, so that a hostile text costs linear time.
_PEM_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL
)
_JSON_WEB_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_AUTHORIZATION = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_URL_USER = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,30}://)[^\s/]+@")
_ASSIGNMENT = re.compile(
    r"(?i)((?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential)"
    r"[\w-]{0,40}[\"']?\s{0,3}[=:]\s{0,3})(?:\"[^\"]*\"|'[^']*'|[^\s,;&]+)"
)


def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret, whatever its spelling (snake, kebab or camel case)."""
    words = tuple(word.lower() for word in _WORD.findall(name))
    return any(word in _SECRET_WORDS for word in words) or any(pair in _SECRET_PAIRS for pair in pairwise(words))


def redact_text(text: str) -> str:
    """Mask what looks like a secret inside free text: URL users, tokens, private keys, ``password=...``."""
    text = _PEM_KEY.sub(MASK, text)
    text = _JSON_WEB_TOKEN.sub(MASK, text)
    text = _AUTHORIZATION.sub(rf"\1 {MASK}", text)
    text = _URL_USER.sub(rf"\1{MASK}@", text)
    return _ASSIGNMENT.sub(rf"\1{MASK}", text)


def redact(value: Any, depth: int = 0) -> Any:
    """A copy of a JSON-like value with its secrets masked; other objects become their masked ``repr``.

    Structures nested deeper than eight levels are masked as a whole: nothing unseen gets through.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if depth >= _MAX_DEPTH:
        return MASK
    if isinstance(value, Mapping):
        return {
            str(key): MASK if is_secret_name(str(key)) and item is not None else redact(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth + 1) for item in value]
    return redact_text(repr(value))
