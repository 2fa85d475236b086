"""Rules of the configuration about what AWS runs, the edge, and who may come in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.config.stack import StackConfig
from infra.core.quantity import gibibytes

PROD_BACKUP_DAYS = 7
"""What went wrong is often noticed days later: the shortest time that production keeps backups."""

HEADROOM_PERCENT = 10
"""RDS takes a limit only if it is so much above the disk (Amazon RDS User Guide, Storage autoscaling)."""

Finding = tuple[str, Any, str, str]
"""Field, value, limit, fix."""


def data_service_findings(config: StackConfig) -> Iterator[Finding]:
    """Everything that is wrong with sections whose fields are each right."""
    if config.backup is not None and config.aws is None:
        yield "backup", "given", "only with an AWS account", "Add aws: {accountId: ..., region: ...}, or remove backup"
    database = config.database
    if database is not None and database.storage_limit * 100 < database.storage * (100 + HEADROOM_PERCENT):
        limit = f"must be {HEADROOM_PERCENT} % or more above database.storage ({database.storage // gibibytes(1)}Gi)"
        yield "database.storageLimit", f"{database.storage_limit // gibibytes(1)}Gi", limit, "Raise it"
    if config.environment == "prod":
        yield from _data_services_of_prod(config)


def _data_services_of_prod(config: StackConfig) -> Iterator[Finding]:
    database, cache, backup = config.database, config.cache, config.backup
    if database is not None and not database.multi_az:
        yield "database.multiAz", "false", "must be true in prod: the loss of a zone is no outage", "Set it to true"
    if database is not None and database.backup_days < PROD_BACKUP_DAYS:
        limit = f"must be at least {PROD_BACKUP_DAYS} in prod"
        yield "database.backupDays", database.backup_days, limit, f"Set it to {PROD_BACKUP_DAYS} or more"
    if cache is not None and cache.replicas < 1:
        limit = "must be at least 1 in prod: the loss of a zone is no outage"
        yield "cache.replicas", cache.replicas, limit, "Set it to 1 or more"
    if cache is not None and cache.snapshot_days < PROD_BACKUP_DAYS:
        limit = f"must be at least {PROD_BACKUP_DAYS} in prod"
        yield "cache.snapshotDays", cache.snapshot_days, limit, f"Set it to {PROD_BACKUP_DAYS} or more"
    if backup is not None and backup.lock == "none":
        limit = "must be governance or compliance in prod: who takes over an account deletes its backups first"
        yield "backup.lock", "none", limit, "Set it to governance"
    if database is not None and (backup is None or "database" not in backup.classes):
        limit = "required in prod with a database: its own backups go when it is deleted"
        yield "backup.classes.database", "missing", limit, "Add it, for example 35"


def edge_findings(config: StackConfig) -> Iterator[Finding]:
    """What is wrong with sections whose fields are each right."""
    watch = config.watch
    if config.edge is not None and config.environment == "local":
        yield "edge", "a section", "must be null in local, which nobody reaches from the internet", "Remove it"
    if watch is not None and config.environment == "local":
        yield "watch", "a section", "must be null in local, which has no account to watch", "Remove it"
    if watch is None and config.environment == "prod":
        limit = "required in prod: nobody would hear of a failure"
        yield "watch", "null", limit, "Add watch: {emails: [...]}"
    for email in sorted({one for one in watch.emails if watch.emails.count(one) > 1} if watch else ()):
        yield "watch.emails", email, "must name each address once", "Remove the second one"


def identity_findings(config: StackConfig) -> Iterator[Finding]:
    """What is wrong with sections whose fields are each right."""
    if config.edge is not None and config.identity is None:
        limit = "required where edge is set: whoever comes from the internet must be known"
        yield "identity", "missing", limit, "Add identity: {issuer: https://..., audience: ..., keys: {...}}"
    lower = [name.lower() for name in (config.identity.keys if config.identity else ())]
    for name in sorted({name for name in lower if lower.count(name) > 1}):
        yield f"identity.keys.{name}", name, "must differ from the others by more than capitals", "Keep one of them"
