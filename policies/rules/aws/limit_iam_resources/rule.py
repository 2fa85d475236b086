from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.aws.actions import harmful_on_everything
from policies.aws.documents import Statement
from policies.aws.identity import GRANTING, allowed
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_NOT_NARROWING: Final = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:securetransport",
        "aws:sourceip",
        "aws:useragent",
    }
)
"""Conditions on how a call is made, which say nothing about what it is made on."""


@rule(
    id="AWS-013",
    title="Limit IAM policies that write or read data to named resources",
    severity=Severity.HIGH,
    topics=("iam",),
    frameworks=("aws-foundational-security:IAM.21",),
    applies_to=GRANTING,
    rationale=(
        "A program that may write to every bucket, key and queue can harm all of them, although it needs one. Named"
        " resources keep a mistake, or an intruder, with what the program is for."
    ),
    remediation=(
        "Name the ARNs in Resource, or bind the statement by a condition on the resource, such as aws:ResourceTag."
    ),
)
def limit_iam_resources(resource: Resource) -> Iterator[Violation]:
    """One violation for each statement that allows such actions on everything.

    Statements that allow every action are left to AWS-012, those with NotAction to AWS-014.
    """
    for node, statement in allowed(resource):
        if "*" in statement.actions or not statement.on_everything() or _narrowed(statement):
            continue
        actions = harmful_on_everything(statement.actions)
        if actions:
            named = ", ".join(actions[:3]) + (f" and {len(actions) - 3} more" if len(actions) > 3 else "")
            yield Violation(node.path, f"{statement.place} allows {named} on every resource")


def _narrowed(statement: Statement) -> bool:
    return any(key not in _NOT_NARROWING for _, key, _ in statement.conditions)
