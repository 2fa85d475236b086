"""Who may take a workload's role: its own pods, by EKS Pod Identity."""

from __future__ import annotations

from collections.abc import Sequence

from infra.core.iam.place import AwsPlace
from infra.core.iam.statement import TRUST_SIZE, check_size, rendered

POD_IDENTITY = "pods.eks.amazonaws.com"
"""The service that takes roles for pods (Amazon EKS User Guide, "Create IAM role with trust policy required by EKS Pod
Identity")."""

CLUSTER_TAG = "aws:RequestTag/eks-cluster-arn"
NAMESPACE_TAG = "aws:RequestTag/kubernetes-namespace"
ACCOUNT_TAG = "aws:RequestTag/kubernetes-service-account"
"""Session tags that Pod Identity sets and nobody else can (Amazon EKS User Guide, "Grant Pods access to AWS resources
based on tags")."""


def pod_trust_document(place: AwsPlace, cluster: str, namespace: str, accounts: Sequence[str], *, file: str) -> str:
    """Lets the pods of some ServiceAccounts of one namespace of one cluster take the role, and nobody else.

    Without the conditions, an association that anybody in the AWS account makes would be enough.

    Args:
        place: account and region of the cluster.
        cluster: the cluster's name.
        namespace: the pods' namespace.
        accounts: the ServiceAccounts under which they run.
        file: file that declares them, for the error.

    Raises:
        ConfigurationError: the document is longer than IAM takes.
    """
    statement = {
        "Sid": "PodsOfTheWorkload",
        "Effect": "Allow",
        "Principal": {"Service": POD_IDENTITY},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {
            "StringEquals": {
                CLUSTER_TAG: [place.cluster(cluster)],
                NAMESPACE_TAG: [namespace],
                ACCOUNT_TAG: sorted(set(accounts)),
            }
        },
    }
    return check_size(
        rendered([statement]),
        limit=TRUST_SIZE,
        file=file,
        field=namespace,
        what="a role's trust policy",
        fix="Let fewer ServiceAccounts share the role",
    )
