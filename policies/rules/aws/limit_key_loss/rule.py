from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule

_SHORTEST = 14


@rule(
    id="AWS-010",
    title="Limit how fast a key, and all that it encrypts, can be lost",
    severity=Severity.HIGH,
    topics=("encryption", "recovery"),
    frameworks=("aws-foundational-security:KMS.3",),
    applies_to=Types(frozenset({"aws:kms/key:Key", "aws:kms/externalKey:ExternalKey"})),
    rationale=(
        "Without its key data is gone, backups included. A deletion can be taken back only while it waits; the"
        " policy's safety check keeps somebody able to take it back; a disabled key makes everything that it encrypts"
        " unreadable."
    ),
    remediation=(
        f"Leave deletionWindowInDays at 30, or at {_SHORTEST} at least, isEnabled or enabled at true and"
        " bypassPolicyLockoutSafetyCheck at false."
    ),
)
def limit_key_loss(resource: Resource) -> Iterator[Violation]:
    """One violation for a short waiting period, one for a key that is disabled, one for a check that is passed over."""
    root = resource.root
    window, bypass = root["deletionWindowInDays"], root["bypassPolicyLockoutSafetyCheck"]
    days = window.integer()
    if days is not None and days < _SHORTEST:
        yield Violation(window.path, f"a deletion can be taken back for {days} days only, fewer than {_SHORTEST}")
    for switch in (root["isEnabled"], root["enabled"]):
        if switch.boolean() is False:
            yield Violation(switch.path, "the key is disabled, so that nothing it encrypts can be read")
    if bypass.boolean() is True:
        yield Violation(bypass.path, "the key's policy may lock everybody out of it")
