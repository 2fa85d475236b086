from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.image_catalog import image_catalog, names_image
from policies.images import ImageReference, parse_image
from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule

_ALGORITHMS: Final = frozenset({"sha256", "sha384", "sha512", "md5", "sha1"})
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
"""The digests that every runtime can verify (OCI image specification; github.com/opencontainers/go-digest)."""


@rule(
    id="POD-020",
    title="Require images by digest, or by the exact tag that the catalog names",
    severity=Severity.MEDIUM,
    topics=("images", "supply-chain"),
    frameworks=("nist-800-190:4.1.5",),
    applies_to=EveryContainer(),
    rationale=(
        "Who can write to a repository can move any tag; a digest cannot be moved. The tags of the catalog are those"
        " that were reviewed, and CI resolves them to digests."
    ),
    remediation=(
        "Add the digest to the image (name:tag@sha256:...), or add the image to infra/catalog/images.yaml with the"
        " place where its tag was read."
    ),
)
def require_pinned_images(container: Container) -> Iterator[Violation]:
    """An image that is missing or has no form is POD-008's to report."""
    image = container.node["image"]
    reference = parse_image(image.text() or "")
    if reference.digest and not _can_be(reference):
        yield Violation(image.path, f"{container.name} has image {image.text()!r}, whose digest nothing can have")
    elif reference.valid and not reference.digest and not names_image(image_catalog(), reference):
        yield Violation(image.path, f"{container.name} has image {image.text()!r}, which has no digest")


def _can_be(image: ImageReference) -> bool:
    # Of algorithms that are not listed only the grammar is known.
    algorithm = image.digest.partition(":")[0].lower()
    return _DIGEST.fullmatch(image.digest) is not None if algorithm in _ALGORITHMS else image.valid
