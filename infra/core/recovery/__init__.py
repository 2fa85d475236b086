"""What a disaster may cost, by class of data, and what follows from it: when backups run and how long they are kept."""

from infra.core.recovery.objectives import Objective, RecoveryCatalog, kept_too_long
from infra.core.recovery.schedule import backup_hours, cron

__all__ = ["Objective", "RecoveryCatalog", "backup_hours", "cron", "kept_too_long"]
