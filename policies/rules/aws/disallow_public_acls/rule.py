from __future__ import annotations

from collections.abc import Iterator

from policies.aws.tokens import versions_of
from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import Types, rule

_HOLDERS = versions_of(
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketAcl:BucketAcl",
) | {
    "aws:s3/bucketObject:BucketObject",
    "aws:s3/bucketObjectv2:BucketObjectv2",
    "aws:s3/objectCopy:ObjectCopy",
}
_PUBLIC = ("public-read", "public-read-write", "authenticated-read")
_GROUPS = ("AllUsers", "AuthenticatedUsers")


@rule(
    id="AWS-007",
    title="Disallow access control lists that open buckets or objects to everybody",
    severity=Severity.CRITICAL,
    topics=("public-access", "storage"),
    frameworks=("aws-foundational-security:S3.2", "aws-foundational-security:S3.3"),
    applies_to=Types(frozenset(_HOLDERS)),
    mandatory_everywhere=True,
    rationale=(
        "public-read opens the data to the whole internet, and authenticated-read does too: it means everybody with an"
        " AWS account, not everybody of this one."
    ),
    remediation="Use the private acl, and grant access with IAM policies to roles.",
)
def disallow_public_acls(resource: Resource) -> Iterator[Violation]:
    """One violation for each canned list or grant that names everybody."""
    root = resource.root
    acl = root["acl"]
    if acl.text() in _PUBLIC:
        yield Violation(acl.path, f"the acl {acl.shown()} opens it to everybody")
    grants = root.at("accessControlPolicy", "grants").items() + root["grants"].items()
    for grant in grants:
        for uri in (grant["uri"], grant.at("grantee", "uri")):
            if _names_everybody(uri):
                yield Violation(uri.path, f"a grant names {uri.shown()}, which is everybody")


def _names_everybody(uri: Node) -> bool:
    return (uri.text() or "").rpartition("/")[2] in _GROUPS
