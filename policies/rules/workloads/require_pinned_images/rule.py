from __future__ import annotations

from collections.abc import Iterator

from policies.image_catalog import image_catalog, names_image
from policies.images import parse_image
from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule


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
    """An image that is missing or malformed is POD-008's to report."""
    image = container.node["image"]
    reference = parse_image(image.text() or "")
    if reference.valid and not reference.digest and not names_image(image_catalog(), reference):
        yield Violation(image.path, f"{container.name} has image {image.text()!r}, which has no digest")
