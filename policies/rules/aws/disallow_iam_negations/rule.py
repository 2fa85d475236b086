from __future__ import annotations

from collections.abc import Iterator

from policies.aws.documents import Document, read_document
from policies.aws.identity import GRANTING, ROLE, granted
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="AWS-014",
    title="Disallow IAM policies that allow everything but what they list",
    severity=Severity.HIGH,
    topics=("iam",),
    frameworks=("aws-foundational-security:IAM.1",),
    applies_to=GRANTING,
    rationale=(
        "Allow with NotAction grants every action that the list forgot, and every one that AWS will add. NotPrincipal"
        " does the same with callers. Such a grant grows without anybody changing it."
    ),
    remediation="List what is allowed with Action, Resource and Principal; use the negations with Deny only.",
)
def disallow_iam_negations(resource: Resource) -> Iterator[Violation]:
    """One violation for each statement that allows with NotAction or NotPrincipal."""
    documents: list[Document] = list(granted(resource))
    if resource.type == ROLE and (trust := read_document(resource.root["assumeRolePolicy"])) is not None:
        documents.append(trust)
    for document in documents:
        for statement in document.allowed():
            if statement.not_actions:
                yield Violation(document.node.path, f"{statement.place} allows every action but some (NotAction)")
            if statement.negates_principal:
                yield Violation(document.node.path, f"{statement.place} lets in all but some (NotPrincipal)")
