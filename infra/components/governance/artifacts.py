"""What is derived from the data catalog for the engines, as ConfigMaps that they mount."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from infra.core.content_hash import content_hash
from infra.core.errors import Problem
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args
from infra.core.names import dns_label

Manifest = dict[str, Any]
ARTIFACT_LABEL = "platform/artifact"
"""Label with the kind of an artifact, by which policy packs and engines find it."""

CONTENT_HASH = "platform/content-hash"
LARGEST_BYTES = 1024**2
"""Most that the data of a ConfigMap may hold, in bytes (Kubernetes, ConfigMaps: 1 MiB)."""

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][-._A-Za-z0-9]{0,252}$")]
"""What Kubernetes takes as a key of a ConfigMap, without a leading dot or dash."""


class Artifact(Args):
    """A group of files that one engine or service loads together."""

    kind: str = Field(pattern=r"^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$", description="what it is and for whom")
    source: str = Field(description="file of the catalog that it is derived from")
    files: dict[FileName, str] = Field(min_length=1, description="content by name of the file")

    @property
    def hash(self) -> str:
        """Twelve hex digits that change with the names and contents of its files."""
        return content_hash((name, text.encode()) for name, text in self.files.items())

    @property
    def name(self) -> str:
        """Name of its ConfigMap. It changes with the content, so whatever mounts it by this name is rolled out."""
        return dns_label(self.kind, self.hash)

    @property
    def size(self) -> int:
        """What Kubernetes counts against a ConfigMap's limit: keys and values, in bytes."""
        return sum(len(name.encode()) + len(text.encode()) for name, text in self.files.items())


def artifact_problems(artifacts: Iterable[Artifact]) -> Iterator[Problem]:
    """What no API server would take: two artifacts of one kind, or one that is too large."""
    kinds: set[str] = set()
    for artifact in artifacts:
        if artifact.kind in kinds:
            limit = "there is one artifact of each kind"
            yield Problem(artifact.source, f"artifact {artifact.kind}", "there twice", limit, "Give it another kind")
        kinds.add(artifact.kind)
        if artifact.size > LARGEST_BYTES:
            largest = max(artifact.files, key=lambda name: len(artifact.files[name].encode()))
            limit = f"at most {LARGEST_BYTES} bytes fit into a ConfigMap, and {largest} alone has "
            limit += str(len(artifact.files[largest].encode()))
            fix = "Declare fewer or shorter entries there, or deliver this artifact in parts of a kind each"
            yield Problem(artifact.source, f"artifact {artifact.kind}", f"{artifact.size} bytes", limit, fix)


def artifact_manifest(artifact: Artifact, namespace: str, ownership: Ownership) -> Manifest:
    """The ConfigMap: immutable, since another content has another name."""
    labels = object_labels(artifact.kind, "governance", ownership) | {ARTIFACT_LABEL: artifact.kind}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": artifact.name,
            "namespace": namespace,
            "labels": labels,
            "annotations": {CONTENT_HASH: artifact.hash},
        },
        "immutable": True,
        "data": dict(artifact.files),
    }
