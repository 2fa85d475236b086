from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.aws.documents import read_document
from policies.aws.identity import unreadable
from policies.aws.tokens import versions_of
from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule

_HOLDERS: Final = {
    **dict.fromkeys(versions_of("aws:s3/bucketPolicy:BucketPolicy", "aws:s3/bucket:Bucket"), "policy"),
    "aws:s3/accessPoint:AccessPoint": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:ecr/registryPolicy:RegistryPolicy": "policy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:opensearch/domain:Domain": "accessPolicies",
    "aws:opensearch/domainPolicy:DomainPolicy": "accessPolicies",
    "aws:elasticsearch/domain:Domain": "accessPolicies",
    "aws:elasticsearch/domainPolicy:DomainPolicy": "accessPolicies",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "policy",
    "aws:dynamodb/resourcePolicy:ResourcePolicy": "policy",
    "aws:kinesis/resourcePolicy:ResourcePolicy": "policy",
    "aws:msk/clusterPolicy:ClusterPolicy": "policy",
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    "aws:glacier/vault:Vault": "accessPolicy",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": "policy",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy": "accessPolicy",
}


@rule(
    id="AWS-008",
    title="Disallow resource policies that let everybody in",
    severity=Severity.CRITICAL,
    topics=("public-access", "iam"),
    frameworks=("aws-foundational-security:S3.2", "aws-foundational-security:SQS.3", "aws-foundational-security:SNS.4"),
    applies_to=Types(frozenset(_HOLDERS)),
    mandatory_everywhere=True,
    rationale=(
        "A statement that allows the principal * lets in every account of AWS, and callers with no account at all. A"
        " condition on the caller's organisation, account, network or source makes it a known circle again."
    ),
    remediation=(
        "Name the principals, or add a condition on aws:PrincipalOrgID, aws:SourceAccount, aws:SourceArn or"
        " aws:SourceVpce without wildcards."
    ),
)
def disallow_public_resource_policies(resource: Resource) -> Iterator[Violation]:
    """One violation for each statement that allows everybody, and for a policy that cannot be read.

    A condition is no excuse for allowing every action: it may bind who calls, but not what he does.
    """
    document = read_document(resource.root[_HOLDERS[resource.type]])
    if document is None:
        return
    yield from unreadable(document)
    for statement in document.allowed():
        if statement.public_principal() and ("*" in statement.actions or not statement.bound()):
            yield Violation(document.node.path, f"{statement.place} lets in everybody")
