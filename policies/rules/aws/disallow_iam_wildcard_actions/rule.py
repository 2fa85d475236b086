from __future__ import annotations

from collections.abc import Iterator

from policies.aws.identity import GRANTING, granted, unreadable
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_EVERYTHING = ("*", "*:*")


@rule(
    id="AWS-012",
    title="Disallow IAM policies that allow every action",
    severity=Severity.CRITICAL,
    topics=("iam",),
    frameworks=("aws-foundational-security:IAM.1", "cis-aws-3.0:1.16"),
    applies_to=GRANTING,
    mandatory_everywhere=True,
    rationale=(
        "Who may do everything may also change who may do what, switch off logs and delete backups. A program that was"
        " taken over is then the account that was taken over."
    ),
    remediation="List the actions that the program calls, by service and verb.",
)
def disallow_iam_wildcard_actions(resource: Resource) -> Iterator[Violation]:
    """One violation for each statement that allows the action *, and for a policy that cannot be read."""
    for document in granted(resource):
        yield from unreadable(document)
        for statement in document.allowed():
            if any(action in _EVERYTHING for action in statement.actions):
                yield Violation(document.node.path, f"{statement.place} allows every action")
