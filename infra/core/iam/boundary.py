"""The most that any workload of an environment can ever do, whatever its own policy says."""

from __future__ import annotations

from typing import Any

from infra.core.iam import cluster_grants, grants
from infra.core.iam.place import AwsPlace, bucket_arn
from infra.core.iam.statement import (
    POLICY_SIZE,
    Statement,
    allowing,
    check_size,
    condition,
    merged,
    rendered,
)
from infra.core.labels import Environment
from infra.core.names import PROJECT

TLS_ONLY: dict[str, Any] = {
    "Sid": "TlsOnly",
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
"""Without TLS nothing is allowed, in no service."""


def boundary_document(place: AwsPlace, environment: Environment) -> str:
    """Permissions boundary of the environment's workloads (IAM User Guide, "Permissions boundaries for IAM entities").

    A boundary grants nothing: a workload can do what both its policy and the boundary allow. It allows the actions
    that grants can consist of, on what carries the environment's name in its account. So a mistake in a policy, or
    somebody who may write policies, still cannot reach another environment, administer a key, or touch IAM.

    Args:
        place: account and region.
        environment: environment whose name the resources carry.

    Returns:
        JSON without white space.
    """
    cluster = f"{PROJECT}-{environment}"
    own = f"{cluster}-*"
    account = condition("StringEquals", "aws:ResourceAccount", place.account_id)
    services = condition("StringEquals", "kms:ViaService", *map(place.endpoint, grants.SERVICES))
    objects = tuple(action for actions in grants.OBJECT_ACTIONS.values() for action in actions)
    secrets = place.arn("secretsmanager", f"secret:{PROJECT}/{environment}/*")
    instance = condition("StringEquals", grants.SERVICE_SECRET_TAG, place.arn("rds", f"db:{cluster}"))
    described = (*cluster_grants.TARGET_READS, *cluster_grants.SCALING_READS)
    statements = (
        Statement("List", grants.LIST_ACTIONS, (bucket_arn(own),), account),
        Statement("Objects", objects, (bucket_arn(own, "*"),), account),
        Statement("Keys", grants.KEY_ACTIONS["encrypt"], (place.arn("kms", "key/*"),), services),
        Statement("Secrets", grants.SECRET_ACTIONS, (secrets,)),
        Statement(
            "DatabaseSecrets", grants.SECRET_ACTIONS, (place.arn("secretsmanager", grants.SERVICE_SECRETS),), instance
        ),
        Statement("RegistryLogin", grants.LOGIN_ACTIONS, ("*",)),
        Statement("Images", grants.PULL_ACTIONS, (place.arn("ecr", f"repository/{PROJECT}/*"),)),
        Statement("Queues", (*grants.SEND_ACTIONS, *grants.RECEIVE_ACTIONS), (place.arn("sqs", own),)),
        Statement("Topics", grants.PUBLISH_ACTIONS, (place.arn("sns", own),)),
        Statement("Logs", grants.LOG_ACTIONS, (place.arn("logs", f"log-group:/{PROJECT}/{environment}/*"),)),
        Statement("Describe", described, ("*",)),
        Statement(
            "Targets", cluster_grants.TARGET_WRITES, (place.arn("elasticloadbalancing", f"targetgroup/{own}/*"),)
        ),
        Statement("NodeGroups", cluster_grants.GROUP_READS, (place.arn("eks", f"nodegroup/{cluster}/*/*"),)),
        cluster_grants.scaling_statement(cluster, place),
    )
    return check_size(
        rendered([*allowing(merged(statements)), TLS_ONLY]),
        limit=POLICY_SIZE,
        file="infra/core/iam/boundary.py",
        field=environment,
        what="a managed policy of IAM",
        fix="Name fewer actions",
    )
