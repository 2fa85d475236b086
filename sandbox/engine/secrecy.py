"""Secrecy follows values: from inputs into outputs, and out of every text that a person or a file may see."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress

from sandbox.engine.values import Json, PropertyMap, Secret, leaves, reveal

_SHORTEST = 6
"""Plain texts shorter than this many characters are not searched for inside other texts: they would match by chance."""

_NAMES_IN_SECRETS = frozenset({"engine", "host", "port", "dbname", "username", "masterarn", "dbInstanceIdentifier"})
"""Fields of a secret that say what it belongs to (AWS Secrets Manager, JSON structure of database secrets).

They are secret where they stand, but not elsewhere: a user's name is also that of its workload, and would be taken out
of every message.
"""


def annotate(plain: PropertyMap, marked: PropertyMap, names: Iterable[str]) -> PropertyMap:
    """Mark as secret in `plain` what is secret at the same place in `marked`, and the named top-level properties.

    Args:
        plain: properties as a provider returns them; marks that they have stay.
        marked: the inputs with their marks.
        names: top-level properties that are secret whatever the inputs were.
    """
    secret_names = set(names)
    return {
        key: _secret(value) if key in secret_names else _copy_marks(value, marked.get(key))
        for key, value in plain.items()
    }


def _secret(value: Json) -> Json:
    return value if value is None or isinstance(value, Secret) else Secret(reveal(value))


def _copy_marks(value: Json, marked: Json) -> Json:
    if isinstance(marked, Secret):
        return _secret(value)
    if isinstance(value, dict) and isinstance(marked, dict):
        return {key: _copy_marks(item, marked.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(marked, list):
        return [_copy_marks(item, marked[i] if i < len(marked) else None) for i, item in enumerate(value)]
    return value


def _texts(value: Json) -> Iterator[str]:
    """Yield the forms in which a secret may come to light: itself, its lines, its parts if it is JSON, base64."""
    for _, leaf in leaves(value):
        if isinstance(leaf, str):
            yield leaf
            yield from leaf.splitlines()
            yield base64.b64encode(leaf.encode()).decode()
            if leaf.startswith(("{", "[")):
                with suppress(ValueError):
                    yield from _texts(_without_names(json.loads(leaf)))


def _without_names(parsed: Json) -> Json:
    if not isinstance(parsed, dict):
        return parsed
    return {key: value for key, value in parsed.items() if key not in _NAMES_IN_SECRETS}


class Redactor:
    """Knows the plain texts of all secrets of a run and takes them out of whatever is about to be shown or stored."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._heads: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    def learn(self, value: Json) -> None:
        """Remember the texts of every secret in a value."""
        found: set[str] = set()
        for _, leaf in leaves(value):
            if isinstance(leaf, Secret):
                found.update(text for text in _texts(leaf.value) if len(text) >= _SHORTEST)
        if found - self._known:
            with self._lock:
                for text in found - self._known:
                    head = text[:_SHORTEST]
                    self._heads[head] = (*self._heads.get(head, ()), text)
                self._known = self._known | found

    def redact(self, text: str) -> str:
        """Replace every known secret in a text by `[secret]`, longest first."""
        for secret in sorted(self._known, key=len, reverse=True):
            if secret in text:
                text = text.replace(secret, "[secret]")
        return text

    def conceal(self, value: Json) -> Json:
        """Mark as secret every unmarked text that holds a known secret, so that none is stored in the clear."""
        known = self._known
        if not known or isinstance(value, Secret):
            return value
        if isinstance(value, dict):
            return {key: self.conceal(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.conceal(item) for item in value]
        if isinstance(value, str) and len(value) >= _SHORTEST and self._holds_any(value, known):
            return Secret(value)
        return value

    def _holds_any(self, text: str, known: set[str]) -> bool:
        """Tell whether a text holds a known secret, in time that does not grow with both their numbers.

        There are as many texts as there are resources, and secrets grow with them: a short text is looked up where a
        secret may begin, a long one is searched for each.
        """
        if len(text) >= len(known):
            return any(secret in text for secret in known)
        begins = {text[start : start + _SHORTEST] for start in range(len(text) - _SHORTEST + 1)}
        heads = self._heads
        return any(secret in text for begin in begins if begin in heads for secret in heads[begin])
