from __future__ import annotations

import re
from dataclasses import dataclass

_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image reference taken apart, by the grammar of `github.com/distribution/reference`.

    Attributes:
        name: Registry and repository, such as `registry.example:5000/team/app`.
        tag: The tag, or empty.
        digest: The digest with its algorithm, or empty.
        valid: Whether name, tag and digest are well-formed.
    """

    name: str
    tag: str
    digest: str
    valid: bool


def parse_image(text: str) -> ImageReference:
    """Take an image reference apart; a port of the registry is not taken for a tag."""
    rest, at, digest = text.partition("@")
    head, slash, last = rest.rpartition("/")
    last, colon, tag = last.partition(":")
    valid = (
        bool(last)
        and text == text.strip()
        and (not at or _DIGEST.fullmatch(digest) is not None)
        and (not colon or _TAG.fullmatch(tag) is not None)
    )
    return ImageReference(name=f"{head}{slash}{last}", tag=tag, digest=digest, valid=valid)
