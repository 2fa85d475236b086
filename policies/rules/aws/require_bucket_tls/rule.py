from __future__ import annotations

from collections.abc import Iterator

from policies.aws.buckets import each_bucket
from policies.aws.documents import Document, Statement, read_document
from policies.aws.tokens import versions_of
from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule

_POLICY = versions_of("aws:s3/bucketPolicy:BucketPolicy")


@rule(
    id="AWS-005",
    title="Require buckets to refuse requests without TLS",
    severity=Severity.HIGH,
    topics=("encryption", "storage"),
    frameworks=("aws-foundational-security:S3.5", "cis-aws-3.0:2.1.1"),
    applies_to=WholeStack(),
    rationale=(
        "S3 still answers plain HTTP. Without a policy that refuses it, one client that is set up wrongly sends"
        " objects, or a signed address that opens them, in clear over the network."
    ),
    remediation=(
        "Give the bucket a BucketPolicy that denies s3:* to everybody, on the bucket and on its objects, if"
        " aws:SecureTransport is false."
    ),
)
def require_bucket_tls(stack: Stack) -> Iterator[Violation]:
    """One violation for each bucket none of whose policies refuses plain HTTP for the bucket and its objects."""
    yield from each_bucket(stack, _POLICY, _refuses)


def _refuses(bucket: Resource, policies: list[Resource]) -> Iterator[Violation]:
    nodes = [(bucket, bucket.root["policy"]), *((policy, policy.root["policy"]) for policy in policies)]
    documents = [(owner, document) for owner, node in nodes if (document := read_document(node)) is not None]
    if not documents:
        yield Violation("policy", "the bucket has no policy, so that it answers plain HTTP")
    elif not any(_refuses_plain_http(document) for _, document in documents):
        owner, document = documents[-1]
        yield Violation(
            document.node.path, "the policy does not refuse plain HTTP for the bucket and its objects", resource=owner
        )


def _refuses_plain_http(document: Document) -> bool:
    refusing = [statement for statement in document.statements if not statement.allows and _about_plain_http(statement)]
    resources = [resource for statement in refusing for resource in statement.resources]
    objects = any(resource == "*" or resource.endswith("/*") for resource in resources)
    itself = any(resource == "*" or "/" not in resource for resource in resources)
    return objects and itself


def _about_plain_http(statement: Statement) -> bool:
    everybody = any(value == "*" for _, value in statement.principals)
    everything = any(action in ("*", "s3:*") for action in statement.actions)
    only = [(operator, key) for operator, key, _ in statement.conditions]
    plain = any(
        (operator.startswith("bool") and key == "aws:securetransport" and values == ("false",))
        or (operator.startswith("numericlessthan") and key == "s3:tlsversion")
        for operator, key, values in statement.conditions
    )
    return everybody and everything and plain and len(only) == 1
