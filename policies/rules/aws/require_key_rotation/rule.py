from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule

_LONGEST = 365


@rule(
    id="AWS-009",
    title="Require encryption keys to be rotated every year",
    severity=Severity.MEDIUM,
    topics=("encryption",),
    frameworks=("aws-foundational-security:KMS.4", "cis-aws-3.0:3.6"),
    applies_to=Types(frozenset({"aws:kms/key:Key"})),
    rationale=(
        "Rotation bounds how much one leaked key opens. KMS does it by itself, keeps the old material for old data and"
        " changes neither the key's ARN nor anything that uses it."
    ),
    remediation=f"Set enableKeyRotation to true, and no rotationPeriodInDays above {_LONGEST}.",
)
def require_key_rotation(resource: Resource) -> Iterator[Violation]:
    """One violation for a key that KMS could rotate, but does not, or not within a year.

    KMS rotates symmetric encryption keys with material of its own (AWS KMS Developer Guide, "Rotating AWS KMS keys");
    asymmetric and HMAC keys, and keys in custom key stores, are not judged.
    """
    root = resource.root
    spec, usage = root["customerMasterKeySpec"].text(), root["keyUsage"].text()
    if (spec or "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT" or (usage or "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT":
        return
    if root["customKeyStoreId"].exists():
        return
    rotation, period = root["enableKeyRotation"], root["rotationPeriodInDays"]
    if rotation.boolean() is not True:
        yield Violation(rotation.path, "the key is never rotated")
    elif (period.integer() or 0) > _LONGEST:
        yield Violation(period.path, f"the key is rotated every {period.integer()} days, more than {_LONGEST}")
