"""The images that the catalog names, read as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from policies.images import ImageReference
from policies.once import once

_FILE: Final = Path(__file__).parents[1] / "infra" / "catalog" / "images.yaml"
_CONTENT: Final = "content"
"""What the catalog gives as tag of our own images, whose tag is a hash of what they are built from."""

_HASH = re.compile(r"[0-9a-f]{12,64}")


def names_image(catalog: Mapping[str, str], image: ImageReference) -> bool:
    """Whether a catalog of repositories and tags names an image, so that CI pins it.

    Args:
        catalog: Tag by repository; the tag `content` stands for any hash, in whatever registry the last part of the
            repository is the one given.
        image: The image.
    """
    if names_others_image(catalog, image):
        return True
    return catalog.get(image.name.rpartition("/")[2]) == _CONTENT and _HASH.fullmatch(image.tag) is not None


def names_others_image(catalog: Mapping[str, str], image: ImageReference) -> bool:
    """Whether a catalog names an image that others make, by repository and exact tag."""
    return bool(image.tag) and catalog.get(image.name) == image.tag


@once
def image_catalog() -> Mapping[str, str]:
    """Tag by repository, from `infra/catalog/images.yaml`; empty where the packs are used without the program."""
    # Most resources need no catalog; PyYAML and the file are read when the first does.
    import yaml  # noqa: PLC0415

    if not _FILE.is_file():
        return {}
    document: Any = yaml.load(_FILE.read_bytes(), Loader=yaml.CSafeLoader)
    images = document.get("images", {}).values() if isinstance(document, dict) else ()
    return {str(image["repository"]): str(image["tag"]) for image in images}
