"""Configuration of databases, caches and backups that AWS runs."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from infra.components.foundation.backup_layout import LONGEST_DAYS, SHORTEST_DAYS, BackupClass, Lock
from infra.core.models import Document
from infra.core.quantity import Bytes, gibibytes


def _whole_gib(size: int) -> int:
    if size % gibibytes(1):
        raise ValueError("must be whole GiB, such as 100Gi: RDS counts in them")
    return size


Days = Annotated[int, Field(ge=SHORTEST_DAYS, le=LONGEST_DAYS)]
Disk = Annotated[Bytes, Field(ge=gibibytes(20), le=gibibytes(16 * 1024)), AfterValidator(_whole_gib)]
"""20 GiB are the least that RDS gives, and above 16 TiB other rules apply (Amazon RDS User Guide, gp3 storage)."""


class DatabaseConfig(Document):
    """PostgreSQL on RDS, in the network that the program makes. No change of these makes a new database."""

    version: str = Field(pattern=r"^1[5-9]$", description="major version of PostgreSQL, for example 17")
    instance_class: str = Field(
        pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$", description="type of its machine; the price table must have it"
    )
    storage: Disk = Field(description="disk at first, for example 100Gi; it can grow, never shrink")
    storage_limit: Disk = Field(description="size to which RDS may enlarge the disk by itself")
    multi_az: bool = Field(description="whether a standby in another zone takes over")
    backup_days: int = Field(ge=1, le=35, description="days to any second of which it can be put back")


class CacheConfig(Document):
    """Valkey on ElastiCache, in the network that the program makes. No change of these makes a new cache."""

    version: str = Field(pattern=r"^(7\.2|8\.[0-2]|9\.[01])$", description="version of Valkey, for example 8.1")
    node_type: str = Field(
        pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$", description="type of its machines; the price table must have it"
    )
    replicas: int = Field(ge=0, le=5, description="copies of the primary, in other zones, one of which takes over")
    snapshot_days: int = Field(ge=1, le=35, description="days for which a snapshot of each day is kept")


class BackupConfig(Document):
    """AWS Backup. What carries the tag `Backup` with the name of a class is backed up every night.

    Whoever `watch` names hears when a backup fails.
    """

    classes: dict[BackupClass, Days] = Field(
        min_length=1, description="days for which backups are kept, by class: database, objects, volumes"
    )
    lock: Lock = Field(
        description="who can remove backups early: none is anybody with the right to, governance is who may also remove"
        " locks, compliance is nobody ever again, from the third day on"
    )
    copy_to: str | None = Field(
        default=None,
        pattern=r"^arn:aws:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:[A-Za-z0-9_-]{2,50}$",
        description="ARN of a vault in another region or account that gets a copy of each backup; none if null",
    )
