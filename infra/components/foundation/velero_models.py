"""Custom resources of Velero and of volume snapshots, as typed models that refuse unknown fields.

Fields and names are those of the CRDs of Velero 1.18.1 and external-snapshotter 8.4.0, which stand in
infra/catalog/crds; a test validates what is rendered against those very schemas. Only what the platform sets is
modelled.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from infra.core.models import ManifestPart

API_VERSION = "velero.io/v1"
SNAPSHOT_API_VERSION = "snapshot.storage.k8s.io/v1"


class ObjectStorage(ManifestPart):
    """Where in which bucket."""

    bucket: str = Field(min_length=3, max_length=63)
    prefix: str = Field(pattern=r"^[a-z0-9-]+$", description="first part of every key, without a slash")


class LocationSpec(ManifestPart):
    """A place for backups. Who may write there is decided by the pod's role: it has no credential."""

    provider: Literal["velero.io/aws"] = "velero.io/aws"
    default: bool = True
    access_mode: Literal["ReadWrite"] = "ReadWrite"
    object_storage: ObjectStorage
    config: dict[Literal["region"], str]


class BackupTemplate(ManifestPart):
    """What each backup of a schedule holds: everything in its namespaces, with what belongs to it of the cluster."""

    included_namespaces: tuple[str, ...] = Field(min_length=1)
    storage_location: str
    ttl: str = Field(pattern=r"^[0-9]+h0m0s$", description="how long it is kept, as Go writes it")
    snapshot_volumes: bool = True


class ScheduleSpec(ManifestPart):
    """One schedule. Its backups do not go with it when it is deleted."""

    schedule: str = Field(description="five fields of cron, in UTC")
    template: BackupTemplate
    use_owner_references_in_backup: Literal[False] = False
    skip_immediately: bool = Field(default=False, description="whether the first backup waits for its time")
