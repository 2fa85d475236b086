"""When backups run, from how much may be lost."""

from __future__ import annotations

import hashlib

from infra.core.recovery.objectives import Objective

INTERVALS = (24, 12, 8, 6, 4, 3, 2, 1)
"""Hours between backups that divide a day, so that they are at the same times every day."""

MINUTES = 60


def backup_hours(objective: Objective) -> int:
    """Hours between two backups: at most half of what may be lost, so that one backup may fail, and a day at most."""
    return next(hours for hours in INTERVALS if 2 * hours <= objective.loss_hours)


def cron(name: str, objective: Objective) -> str:
    """When the backups of a schedule run, as cron writes it, in UTC.

    The minute and the first hour follow from the schedule's name, so that not all of them start at once and none moves
    when another is added.
    """
    hours = backup_hours(objective)
    slot = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % (hours * MINUTES)
    first, minute = divmod(slot, MINUTES)
    times = ",".join(str(hour) for hour in range(first, 24, hours))
    return f"{minute} {'*' if hours == 1 else times} * * *"
