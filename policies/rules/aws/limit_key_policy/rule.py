from __future__ import annotations

from collections.abc import Iterator

from policies.aws.documents import read_document
from policies.aws.identity import unreadable
from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule


@rule(
    id="AWS-011",
    title="Limit the use of a key to principals of known accounts",
    severity=Severity.CRITICAL,
    topics=("encryption", "iam"),
    frameworks=("aws-foundational-security:KMS.5",),
    applies_to=Types(frozenset({"aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy", "aws:kms/replicaKey:ReplicaKey"})),
    mandatory_everywhere=True,
    rationale=(
        "A key policy is what decides about a key, before any IAM policy. One that allows the principal * lets every"
        " account of AWS decrypt what the key protects, and often change the policy too."
    ),
    remediation=(
        "Name the account's root, roles or services as principals; where a service calls for many, bind * with a"
        " condition on kms:CallerAccount."
    ),
)
def limit_key_policy(resource: Resource) -> Iterator[Violation]:
    """One violation for each statement that allows everybody, and for a policy that cannot be read."""
    document = read_document(resource.root["policy"])
    if document is None:
        return
    yield from unreadable(document)
    for statement in document.allowed():
        if statement.public_principal() and not statement.bound():
            yield Violation(document.node.path, f"{statement.place} lets every account use the key")
