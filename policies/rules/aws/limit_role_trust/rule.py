from __future__ import annotations

import re
from collections.abc import Iterator

from policies.aws.documents import Statement, read_document
from policies.aws.identity import ROLE, unreadable
from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule

_ACCOUNT = re.compile(r"[0-9]{12}|arn:aws[a-z-]*:iam::[0-9]{12}:root")
_WEAK = ("ifexists", "not", "null")


@rule(
    id="AWS-017",
    title="Limit who may assume a role",
    severity=Severity.CRITICAL,
    topics=("iam",),
    applies_to=Types(frozenset({ROLE})),
    mandatory_everywhere=True,
    rationale=(
        "A role is as safe as the list of those who may assume it. A star is everybody; an account's root is everybody"
        " whom that account lets; an identity provider without a condition on the subject is everybody with a login"
        " there, on GitHub for example."
    ),
    remediation=(
        "Name roles or services as principals; bind accounts by sts:ExternalId or aws:PrincipalArn, and identity"
        " providers by a condition on their sub or aud claim."
    ),
)
def limit_role_trust(resource: Resource) -> Iterator[Violation]:
    """One violation for each principal of a trust policy who is not one known party."""
    document = read_document(resource.root["assumeRolePolicy"])
    if document is None:
        return
    yield from unreadable(document)
    for statement in document.allowed():
        for kind, value in statement.principals:
            problem = _problem(kind, value, statement)
            if problem:
                yield Violation(document.node.path, f"{statement.place} {problem}")


def _problem(kind: str, value: str, statement: Statement) -> str:
    if value == "*" or "iam::*:" in value:
        return "" if kind != "Service" and statement.bound() else f"lets {kind if kind != '*' else 'any'} * assume it"
    if kind == "AWS" and _ACCOUNT.fullmatch(value) and not _conditioned(statement):
        return f"lets everybody in the account {value} assume it whom that account allows to"
    if kind == "Federated" and not _subject_named(value, statement):
        return f"lets every identity of {value} assume it"
    return ""


def _conditioned(statement: Statement) -> bool:
    return statement.bound() or any(
        key in ("sts:externalid", "aws:principalarn") or key.startswith("aws:principaltag/")
        for operator, key, values in statement.conditions
        if values and not any(part in operator for part in _WEAK)
    )


def _subject_named(provider: str, statement: Statement) -> bool:
    claims = (":sub",) if "githubusercontent" in provider else (":sub", ":aud")
    return any(
        key.endswith(claims) and values and all(value.strip("*?") not in ("", "repo:", "system:") for value in values)
        for operator, key, values in statement.conditions
        if not any(part in operator for part in _WEAK)
    )
