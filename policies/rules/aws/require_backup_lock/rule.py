from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged, keeps_data, of_types

_VAULT = ("aws:backup/vault:Vault",)
_LOCK = ("aws:backup/vaultLockConfiguration:VaultLockConfiguration",)
_SHORTEST = 7


@rule(
    id="AWS-049",
    title="Require backup vaults to be locked",
    severity=Severity.MEDIUM,
    topics=("recovery",),
    applies_to=WholeStack(),
    rationale=(
        "Who takes over an account deletes its backups before its data. A locked vault keeps each for the time that it"
        " was promised, whoever asks."
    ),
    remediation=(
        f"Give each vault a VaultLockConfiguration with minRetentionDays of {_SHORTEST} at least; with"
        " changeableForDays nobody can ever remove it."
    ),
)
def require_backup_lock(stack: Stack) -> Iterator[Violation]:
    """One violation for each vault without a lock, and for each lock that is too short, where data is kept.

    Which vault a lock is of may be known only when the vault is there, so they are counted.
    """
    if not keeps_data(stack):
        return
    locks = of_types(stack, _LOCK)
    for vault in of_types(stack, _VAULT)[len(locks) :]:
        yield Violation("", "backups in the vault can be deleted at once: it has no lock", resource=vault)
    yield from judged(locks, _short)


def _short(lock: Resource) -> Iterator[Violation]:
    days = lock.root["minRetentionDays"]
    if (days.integer() or 0) < _SHORTEST:
        shown = f"{days.integer()} days" if days.exists() else "no time"
        yield Violation(days.path, f"the lock keeps backups for {shown} at least, less than {_SHORTEST} days")
