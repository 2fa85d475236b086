from __future__ import annotations

from collections.abc import Iterator

from policies.aws.escalation import ways_up
from policies.aws.identity import GRANTING, granted
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="AWS-016",
    title="Disallow IAM policies by which their holder can give himself more",
    severity=Severity.CRITICAL,
    topics=("iam", "privilege-escalation"),
    applies_to=GRANTING,
    mandatory_everywhere=True,
    rationale=(
        "Some actions look harmless one by one, yet together they let their holder take any permission: pass a role to"
        " a machine that he starts, or write a new version of his own policy. Such a policy is an administrator's."
    ),
    remediation="Name the resources of these actions, or take one of the actions away.",
)
def disallow_privilege_escalation(resource: Resource) -> Iterator[Violation]:
    """One violation for each policy that opens such a way on any resource, naming the ways.

    Statements that allow every action are left to AWS-012.
    """
    for document in granted(resource):
        free = [
            statement
            for statement in document.allowed()
            if statement.on_everything() and not statement.conditions and "*" not in statement.actions
        ]
        ways = ways_up(lambda action, free=free: any(statement.allows_action(action) for statement in free))  # type: ignore[misc]
        if ways:
            named = "; ".join(ways[:3]) + (f"; and {len(ways) - 3} more ways" if len(ways) > 3 else "")
            yield Violation(document.node.path, f"{document.node.path} lets its holder {named}")
