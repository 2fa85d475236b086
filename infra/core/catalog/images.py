"""The image catalog: which image, at which exact tag, and as which user it runs."""

from typing import Annotated

from pydantic import AfterValidator, Field

from infra.core.models import Document


def _exact(tag: str) -> str:
    if tag == "latest":
        raise ValueError("must be an exact version, never latest")
    return tag


class Image(Document):
    """One image.

    Attributes:
        digest: what the tag meant when it was resolved; empty until CI has resolved it.
    """

    repository: str = Field(min_length=1, max_length=200, description="registry and repository, without tag")
    tag: Annotated[str, AfterValidator(_exact)] = Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", description="exact tag"
    )
    digest: str | None = Field(default=None, pattern=r"^sha256:[0-9a-f]{64}$", description="resolved by CI")
    user: int = Field(ge=1, le=4_294_967_294, description="user id that the container runs as; never root")
    group: int = Field(ge=0, le=4_294_967_294, description="group id that the container runs as")
    source: str = Field(min_length=1, description="where tag and user were read")

    @property
    def reference(self) -> str:
        """What a pod template says: repository, tag and, where known, digest."""
        return f"{self.repository}:{self.tag}" + (f"@{self.digest}" if self.digest else "")


class ImageCatalog(Document):
    """images.yaml."""

    images: dict[str, Image] = Field(description="image by name")
