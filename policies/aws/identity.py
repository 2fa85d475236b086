"""Where IAM policies stand in the resources of AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.aws.documents import Document, Statement, read_document
from policies.model import Resource, Violation
from policies.node import Node
from policies.rule import Types

IDENTITY_POLICIES: Final = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
}
"""Types that hold a policy which grants to an identity, and the property that holds it."""

ROLE: Final = "aws:iam/role:Role"
"""Roles hold inline policies and the policy that says who may assume them."""

GRANTING: Final = Types(frozenset({*IDENTITY_POLICIES, ROLE}))
"""Everything that grants to an identity."""


def granted(resource: Resource) -> Iterator[Document]:
    """The documents in a resource that grant something to an identity."""
    nodes = (
        [item["policy"] for item in resource.root["inlinePolicies"].items()]
        if resource.type == ROLE
        else [resource.root[IDENTITY_POLICIES[resource.type]]]
    )
    for node in nodes:
        document = read_document(node)
        if document is not None:
            yield document


def allowed(resource: Resource) -> Iterator[tuple[Node, Statement]]:
    """Every statement in the resource that allows, with the property that it stands in."""
    for document in granted(resource):
        for statement in document.allowed():
            yield document.node, statement


def unreadable(document: Document) -> Iterator[Violation]:
    """A violation if the document cannot be read: what cannot be read cannot be judged, so it does not pass."""
    if document.problem:
        yield Violation(
            document.node.path,
            f"the policy {document.problem}, so that nobody can say what it grants",
            "Write the policy as a JSON document with Version and Statement.",
        )
