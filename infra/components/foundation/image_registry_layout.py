"""Names and sizes of the image repositories."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from pydantic import Field

from infra.components.foundation.resource_policies import account_decides, document
from infra.core.catalog.prices import IMAGES, KMS_KEY, Filling
from infra.core.cost.usage import PLATFORM, Usage
from infra.core.models import Args
from infra.core.names import PROJECT

NAME = "image-registry"
"""Its name as a part of the platform."""


class ImageRegistryArgs(Args):
    """Repositories for the services' images."""

    account_id: str = Field(pattern=r"^[0-9]{12}$", description="account that owns them")
    services: tuple[str, ...] = Field(min_length=1, description="services that have an image")
    keep_images: int = Field(default=50, ge=5, le=1000, description="images that each repository keeps")
    keep: bool = Field(default=True, description="whether the repositories outlive a mistake")


def repository_name(service: str) -> str:
    """Name of a service's repository."""
    return f"{PROJECT}/{service}"


def repository_host(account_id: str, region: str) -> str:
    """Host of an account's private registry (Amazon ECR User Guide, private registries)."""
    return f"{account_id}.dkr.ecr.{region}.amazonaws.com"


def key_policy(args: ImageRegistryArgs) -> str:
    """Key policy for the layers.

    ECR uses the key by grants, which it makes with the rights of whoever makes a repository (Amazon ECR User Guide,
    Encryption at rest).
    """
    return document([account_decides(args.account_id)])


def usages(args: ImageRegistryArgs, filling: Filling) -> Iterator[Usage]:
    """The key, and what full repositories hold: each keeps as many images as its lifecycle policy lets it."""
    size = Fraction(filling.image_gib) * args.keep_images
    one = Fraction(1)
    yield Usage(NAME, PLATFORM, "key", KMS_KEY, one, one, Fraction(int(args.keep)))
    for service in args.services:
        yield Usage(NAME, PLATFORM, f"images of {service}", IMAGES, size, size, size if args.keep else Fraction(0))
