"""Settings, documents and prices of the database, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from pydantic import Field

from infra.components.foundation.resource_policies import document, log_key_policy
from infra.core.catalog.prices import KMS_KEY, SECRET
from infra.core.cost.usage import HOURS_A_MONTH, PLATFORM, Usage
from infra.core.models import Args

NAME = "database"
"""Its name as a part of the platform, and the class of its backups."""

PORT = 5432
DATABASE = "platform"
"""The database that there is at first; those of services are made by whoever deploys them."""

ADMINISTRATOR = "platform_owner"
LOGS = ("postgresql", "upgrade")
"""All that RDS for PostgreSQL can send to CloudWatch (Amazon RDS User Guide, PostgreSQL database log files)."""

LOG_DAYS = 365
CERTIFICATE_AUTHORITY = "rds-ca-rsa2048-g1"
"""The authority that signs the server's certificate (Amazon RDS User Guide, SSL/TLS certificate authorities)."""

BACKUP_WINDOW = "01:00-02:00"
MAINTENANCE_WINDOW = "sun:02:30-sun:03:30"
"""UTC, one after the other: RDS refuses windows that overlap."""

INSIGHT_DAYS = 7
"""Days of performance data that cost nothing (AWS Database Blog, Analyzing Amazon RDS Database Workloads)."""

MONITORING_SECONDS = 60
MONITORING_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
STORAGE, SNAPSHOTS = "rds-gp3", "rds-snapshot"
STANDBY = 2
"""With a standby machines and disks are paid for twice (Amazon RDS User Guide, On-Demand DB instances)."""


@dataclass(frozen=True)
class Parameter:
    """A setting of the server.

    Attributes:
        restart: whether it counts only after a restart; RDS calls such parameters static.
    """

    name: str
    value: str
    restart: bool = False


PARAMETERS = (
    Parameter("rds.force_ssl", "1"),
    Parameter("ssl_min_protocol_version", "TLSv1.2"),
    Parameter("log_connections", "1"),
    Parameter("log_disconnections", "1"),
    Parameter("log_statement", "ddl"),
    # Milliseconds: statements that take longer are logged.
    Parameter("log_min_duration_statement", "1000"),
    # Changes can be read as a stream (change data capture).
    Parameter("rds.logical_replication", "1", restart=True),
)


class DatabaseArgs(Args):
    """PostgreSQL on RDS."""

    name: str = Field(pattern=r"^[a-z]([a-z0-9-]{0,60}[a-z0-9])?$", description="name of the instance")
    account_id: str = Field(pattern=r"^[0-9]{12}$", description="account that owns it")
    region: str = Field(description="region that it is in")
    version: str = Field(
        pattern=r"^[0-9]{2}$", description="major version of PostgreSQL; minor ones follow by themselves"
    )
    instance_class: str = Field(description="type of its machine")
    storage_gib: int = Field(ge=20, description="disk at first, in GiB")
    storage_limit_gib: int = Field(ge=22, description="size to which RDS may enlarge the disk, in GiB")
    multi_az: bool = Field(description="whether a standby in another zone takes over")
    backup_days: int = Field(ge=1, le=35, description="days to any second of which it can be put back")
    backup_class: str | None = Field(default=None, description="class of the backups that it is selected for")
    blocks: tuple[str, ...] = Field(min_length=1, description="addresses of the subnets that it is in")
    keep: bool = Field(default=True, description="whether it outlives a mistake")


def parameter_family(version: str) -> str:
    """Family of parameter groups of a major version."""
    return f"postgres{version}"


def log_group(name: str, log: str) -> str:
    """Log group that RDS writes to; it makes one without end or key if there is none."""
    return f"/aws/rds/instance/{name}/{log}"


def key_policy(args: DatabaseArgs) -> str:
    """Key policy for the disk, the snapshots, the password, the performance data and the logs.

    RDS and Secrets Manager use it by grants that whoever makes the database may give; the logs need a statement.
    """
    return document(log_key_policy(args.account_id, args.region, [log_group(args.name, log) for log in LOGS]))


def monitor_trust(args: DatabaseArgs) -> str:
    """Only RDS, for this instance (Amazon RDS User Guide, Setting up Enhanced Monitoring, confused deputy problem)."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "monitoring.rds.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": args.account_id},
            "StringLike": {"aws:SourceArn": f"arn:aws:rds:{args.region}:{args.account_id}:db:{args.name}"},
        },
    }
    return document([statement])


def machine_price(instance_class: str) -> str:
    """Row of the price table for a machine in one zone: ``db.t4g.small`` is ``db-t4g-small``."""
    return instance_class.replace(".", "-")


def usages(args: DatabaseArgs) -> Iterator[Usage]:
    """Machine, disk, key, password, and what is left of it: its last snapshot, if it is kept.

    The disk is counted as it is at first. As much of its own backups as the disk holds costs nothing (AWS, Amazon RDS
    pricing), and days of little change need no more.
    """
    hours, disk, one = Fraction(HOURS_A_MONTH), Fraction(args.storage_gib), Fraction(1)
    copies = STANDBY if args.multi_az else 1
    kept = Fraction(int(args.keep))
    yield Usage(NAME, PLATFORM, "machine", machine_price(args.instance_class), hours * copies, hours * copies)
    yield Usage(NAME, PLATFORM, "disk", STORAGE, disk * copies, disk * copies)
    yield Usage(NAME, PLATFORM, "last snapshot", SNAPSHOTS, Fraction(0), Fraction(0), disk * kept)
    yield Usage(NAME, PLATFORM, "key", KMS_KEY, one, one, kept)
    yield Usage(NAME, PLATFORM, "secret of its administrator", SECRET, one, one)
