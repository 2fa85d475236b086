"""Least privilege on AWS: what a workload uses is typed, and its IAM policy, trust and limits are computed from it."""

from infra.core.iam.boundary import boundary_document
from infra.core.iam.cluster_grants import GroupScaling, TargetRegistration
from infra.core.iam.grants import (
    BucketPrefix,
    Grant,
    ImagePull,
    KeyUse,
    LogWrite,
    QueueUse,
    SecretRead,
    ServiceSecretRead,
    TopicPublish,
    references,
)
from infra.core.iam.place import AwsPlace
from infra.core.iam.policy import policy_document
from infra.core.iam.reach import AwsEndpoint, AwsNetwork
from infra.core.iam.trust import pod_trust_document

__all__ = [
    "AwsEndpoint",
    "AwsNetwork",
    "AwsPlace",
    "BucketPrefix",
    "Grant",
    "GroupScaling",
    "ImagePull",
    "KeyUse",
    "LogWrite",
    "QueueUse",
    "SecretRead",
    "ServiceSecretRead",
    "TargetRegistration",
    "TopicPublish",
    "boundary_document",
    "pod_trust_document",
    "policy_document",
    "references",
]
