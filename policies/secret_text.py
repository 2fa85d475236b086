"""Tells by name and by form what is likely to be a secret in plain text."""

from __future__ import annotations

import re
from typing import Final

_ENDS: Final = (
    *(
        "accesskey",
        "apikey",
        "bearer",
        "credential",
        "credentials",
        "passphrase",
        "passwd",
        "password",
        "passwords",
        "pwd",
    ),
    *("secret", "secrets", "token", "tokens"),
)
"""The ends of words that name secrets, as in PGPASSWORD."""

_KEYS: Final = frozenset(
    {"access", "account", "api", "auth", "batch", "cli", "encryption", "license", "master", "private", "secret"}
    | {"shared", "signing", "storage"}
)
"""The words before `key` that make it a secret one; a key alone may be one of a mapping."""

_ABOUT: Final = frozenset(
    {"algorithm", "arn", "audience", "backend", "count", "dir", "directory", "enabled", "endpoint", "engine", "exists"}
    | {"expiration", "expiry", "field", "file", "format", "header", "host", "id", "issuer", "key", "length", "lifetime"}
    | {"location", "manager", "max", "method", "min", "mode", "mount", "name", "namespace", "path", "policy", "prefix"}
    | {"provider", "ref", "refresh", "region", "required", "role", "rotation", "scope", "scopes", "seconds", "size"}
    | {"store", "timeout", "ttl", "type", "types", "uri", "url", "user", "username", "variable", "version", "volume"}
)
"""The last words of names that are about a secret and not one, such as TOKEN_URL and PASSWORD_FILE."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_REFERENCE = re.compile(
    r"\$[({A-Za-z_].*|`.*|\{\{.*\}\}|<[^>]*>|/.*|true|false|null|none|\s*", re.IGNORECASE | re.DOTALL
)
_ASSIGNED = re.compile(
    r"(?:^|[\s;&\"'])-{0,2}(?P<name>[A-Za-z][A-Za-z0-9_.-]*)=(?P<value>\"[^\"]*\"|'[^']*'|[^\s;&|\"']+)"
)


def names_secret(name: str) -> bool:
    """Whether a name, such as that of a variable, says that its value is a secret."""
    words = [word.lower() for word in _WORD.findall(name)]
    found = [index for index, word in enumerate(words) if word.endswith(_ENDS) or _is_secret_key(words, index)]
    if not found:
        return False
    return found[-1] == len(words) - 1 or words[-1] not in _ABOUT


def is_literal(value: str) -> bool:
    """Whether a value stands for itself: it is no reference to a variable, path, template or switch, and not empty."""
    return _REFERENCE.fullmatch(value) is None


def assigned_secret(text: str) -> str:
    """The first name in a text, such as a shell command or an argument, to which a secret is assigned by `=`."""
    for match in _ASSIGNED.finditer(text):
        if names_secret(match["name"]) and is_literal(match["value"].strip("\"'")):
            return match["name"]
    return ""


def _is_secret_key(words: list[str], index: int) -> bool:
    return words[index] == "key" and any(word in _KEYS for word in words[:index])
