"""Settings, documents and prices of the cache, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from pydantic import Field

from infra.components.foundation.resource_policies import document, log_key_policy
from infra.core.catalog.prices import KMS_KEY
from infra.core.cost.usage import HOURS_A_MONTH, PLATFORM, Usage
from infra.core.models import Args
from infra.core.names import dns_label

NAME = "cache"
"""Its name as a part of the platform."""

PORT = 6379
ENGINE = "valkey"
LOGS = ("slow-log", "engine-log")
"""All that ElastiCache can deliver (Amazon ElastiCache User Guide, Log delivery)."""

LOG_DAYS = 365
PASSWORD_LENGTH = 32
"""ElastiCache takes 16 to 128 characters (Amazon ElastiCache User Guide, Role-Based Access Control)."""

NOBODY = "off ~keys* resetchannels -@all +get"
"""Rights of the user that clients are who name none: it cannot log in (Amazon ElastiCache User Guide, Role-Based Access
Control, whose disabled default user this is, in the form in which ElastiCache repeats it)."""

USER_ID_LENGTH = 40
"""Longest id of a user (Amazon ElastiCache API Reference, CreateUser)."""

SNAPSHOT_WINDOW = "03:00-04:00"
MAINTENANCE_WINDOW = "sun:04:30-sun:05:30"
"""UTC; they may not overlap."""


class CacheArgs(Args):
    """Valkey on ElastiCache: one primary, and replicas that take over."""

    name: str = Field(pattern=r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", description="name of the replication group")
    account_id: str = Field(pattern=r"^[0-9]{12}$", description="account that owns it")
    region: str = Field(description="region that it is in")
    version: str = Field(pattern=r"^[0-9]\.[0-9]$", description="version of Valkey")
    node_type: str = Field(description="type of its machines")
    replicas: int = Field(ge=0, le=5, description="copies of the primary, in other zones")
    snapshot_days: int = Field(ge=1, le=35, description="days for which a snapshot of each day is kept")
    users: dict[str, str] = Field(default_factory=dict, description="what each client may do (Valkey, ACL), by name")
    blocks: tuple[str, ...] = Field(min_length=1, description="addresses of the subnets that it is in")
    keep: bool = Field(default=True, description="whether it outlives a mistake")

    @property
    def family(self) -> str:
        """Family of parameter groups."""
        return f"{ENGINE}{self.version.partition('.')[0]}"


def log_group(name: str, log: str) -> str:
    """Log group that ElastiCache delivers to."""
    return f"/aws/elasticache/{name}/{log}"


def key_policy(args: CacheArgs) -> str:
    """Key policy for disks, snapshots and the logs."""
    return document(log_key_policy(args.account_id, args.region, [log_group(args.name, log) for log in LOGS]))


def user_id(name: str, user: str) -> str:
    """Id of a user, which no other one of the account has."""
    return dns_label(name, user, limit=USER_ID_LENGTH)


def machine_price(node_type: str) -> str:
    """Row of the price table for a machine with Valkey: ``cache.t4g.small`` is ``cache-t4g-small-valkey``."""
    return f"{node_type.replace('.', '-')}-{ENGINE}"


def usages(args: CacheArgs) -> Iterator[Usage]:
    """Machines and key; a cache's snapshots are as small as its memory and are not estimated."""
    hours, one = Fraction(HOURS_A_MONTH) * (1 + args.replicas), Fraction(1)
    yield Usage(NAME, PLATFORM, "machines", machine_price(args.node_type), hours, hours)
    yield Usage(NAME, PLATFORM, "key", KMS_KEY, one, one, Fraction(int(args.keep)))
