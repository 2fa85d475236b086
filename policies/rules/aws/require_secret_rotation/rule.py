from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule

_MANAGED: Final = {
    "aws:rds/instance:Instance": ("manageMasterUserPassword", ("password", "passwordWo")),
    "aws:rds/cluster:Cluster": ("manageMasterUserPassword", ("masterPassword", "masterPasswordWo")),
    "aws:docdb/cluster:Cluster": ("manageMasterUserPassword", ("masterPassword", "masterPasswordWo")),
    "aws:redshift/cluster:Cluster": ("manageMasterPassword", ("masterPassword", "masterPasswordWo")),
}
_ROTATION: Final = "aws:secretsmanager/secretRotation:SecretRotation"
_LONGEST: Final = 90
_RATE: Final = re.compile(r"rate\((\d{1,6}) days?\)")


@rule(
    id="AWS-021",
    title="Require database passwords to be rotated by AWS",
    severity=Severity.MEDIUM,
    topics=("secrets", "databases"),
    frameworks=("aws-foundational-security:SecretsManager.1", "aws-foundational-security:SecretsManager.4"),
    applies_to=Types(frozenset({*_MANAGED, _ROTATION})),
    rationale=(
        "RDS, DocumentDB and Redshift can keep the master password in Secrets Manager and change it themselves. One"
        " that a program sets stands in its state and never changes."
    ),
    remediation=(
        "Set manageMasterUserPassword (Redshift: manageMasterPassword) and no password;"
        f" rotate other secrets every {_LONGEST} days at least."
    ),
)
def require_secret_rotation(resource: Resource) -> Iterator[Violation]:
    """One violation for each password that a program sets, and for each rotation that is seldom or off."""
    root = resource.root
    if resource.type == _ROTATION:
        enabled, days = root["rotationEnabled"], root.at("rotationRules", "automaticallyAfterDays")
        if enabled.boolean() is False:
            yield Violation(enabled.path, "the rotation is off")
        if (days.integer() or 0) > _LONGEST:
            yield Violation(days.path, f"the secret is changed every {days.integer()} days, more than {_LONGEST}")
        schedule = root.at("rotationRules", "scheduleExpression")
        rate = _RATE.fullmatch(schedule.text() or "")
        if rate and int(rate[1]) > _LONGEST:
            yield Violation(schedule.path, f"the secret is changed every {rate[1]} days, more than {_LONGEST}")
        return
    managed, passwords = _MANAGED[resource.type]
    if root[managed].boolean() is True:
        return
    for password in passwords:
        # Whether there is one is known even where its value is not.
        if not root[password].known() or root[password].exists():
            yield Violation(password, "the program sets the master password, so that nothing ever changes it")
