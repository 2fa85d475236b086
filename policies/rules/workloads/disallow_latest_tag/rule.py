from __future__ import annotations

from collections.abc import Iterator

from policies.images import parse_image
from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule


@rule(
    id="POD-008",
    title="Disallow images without a tag or with the tag latest",
    severity=Severity.HIGH,
    topics=("images", "supply-chain", "rollout"),
    applies_to=EveryContainer(),
    rationale=(
        "A moving tag makes two pods of one Deployment run two programs and a rollback a lottery. An image without"
        " a tag means latest."
    ),
    remediation="Name the exact version as tag, or pin the image by digest (name@sha256:...).",
)
def disallow_latest_tag(container: Container) -> Iterator[Violation]:
    """A digest settles it, since it does not move; else there must be a tag, and no part of it may be `latest`.

    Whether the digest is one that can be pulled is for POD-020 to say.
    """
    image = container.node["image"]
    text = image.text()
    if container.pod.partial and not image.exists():
        return
    if not text:
        yield Violation(image.path, f"{container.name} names no image")
        return
    reference = parse_image(text)
    if reference.digest:
        return
    if not reference.valid:
        yield Violation(image.path, f"{container.name} has image {text!r}, which is not an image reference")
    elif not reference.tag:
        yield Violation(image.path, f"{container.name} has image {text!r}, which has no tag and so means latest")
    elif "latest" in reference.tag.split("-"):
        yield Violation(image.path, f"{container.name} has image {text!r}, whose tag moves")
