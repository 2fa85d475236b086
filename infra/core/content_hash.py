"""The tag of our own images: a hash of what they are made from."""

import hashlib
from collections.abc import Iterable

TAG_LENGTH = 12
"""Hex digits of a tag: 48 bits, so two different contents of one service will not meet."""


def content_hash(files: Iterable[tuple[str, bytes]]) -> str:
    """Twelve hex digits that depend on the paths and contents of ``files`` and on nothing else.

    Args:
        files: relative path and content of each file, in any order.
    """
    digest = hashlib.sha256()
    for path, content in sorted(files):
        name = path.encode()
        for part in (name, content):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()[:TAG_LENGTH]
