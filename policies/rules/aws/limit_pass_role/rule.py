from __future__ import annotations

from collections.abc import Iterator

from policies.aws.identity import GRANTING, allowed
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="AWS-015",
    title="Limit iam:PassRole to named roles",
    severity=Severity.HIGH,
    topics=("iam", "privilege-escalation"),
    applies_to=GRANTING,
    rationale=(
        "Who may pass every role to a machine or a function that he starts has the permissions of every role in the"
        " account, the administrator's included."
    ),
    remediation="Name the roles in Resource, and the service that they are for in a condition on iam:PassedToService.",
)
def limit_pass_role(resource: Resource) -> Iterator[Violation]:
    """One violation for each statement that allows to pass any role, be it by `iam:*`.

    Statements that allow every action are left to AWS-012.
    """
    for node, statement in allowed(resource):
        anything = any(name in ("*", "arn:aws:iam::*:role/*") for name in statement.resources) or (
            bool(statement.resources) and all(name.endswith(":role/*") for name in statement.resources)
        )
        passes = "*" not in statement.actions and statement.allows_action("iam:PassRole")
        if passes and (anything or statement.not_resources):
            yield Violation(node.path, f"{statement.place} allows to pass every role")
