"""The explicit providers of a stack; the default ones are disabled in Pulumi.<environment>.yaml."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes
import pulumi_random

from infra.config import AwsConfig, StackConfig
from infra.core.guard_regions import GLOBAL_REGION
from infra.core.labels import Ownership, resource_tags

if TYPE_CHECKING:
    from infra.components.foundation.cluster import Cluster

AWS_SERVICES = (
    "acm",
    "backup",
    "budgets",
    "ce",
    "cloudfront",
    "cloudtrail",
    "cloudwatch",
    "ec2",
    "ecr",
    "eks",
    "elasticache",
    "elbv2",
    "events",
    "iam",
    "kms",
    "logs",
    "rds",
    "route53",
    "s3",
    "secretsmanager",
    "sns",
    "sts",
    "wafv2",
)
"""Services that the program uses, as the provider's ``endpoints`` names them: one that is missing is asked at AWS."""

EMULATOR_CREDENTIAL = "test"
"""What an emulator takes for a credential; never sent anywhere but to this machine."""


def make_providers(config: StackConfig, ownership: Ownership) -> list[pulumi.ProviderResource]:
    """Random always, AWS where the configuration names an account."""
    providers: list[pulumi.ProviderResource] = [pulumi_random.Provider("random")]
    if config.aws is not None:
        providers.append(_aws(config.aws, ownership))
    return providers


def global_options(
    config: StackConfig, ownership: Ownership, options: pulumi.ResourceOptions
) -> pulumi.ResourceOptions:
    """The same options with AWS's global region, where CloudFront and the billing of the account are.

    A stack that lives in that region has no second provider.
    """
    if config.aws is None or config.aws.region == GLOBAL_REGION:
        return options
    elsewhere = _aws(config.aws.model_copy(update={"region": GLOBAL_REGION}), ownership, name=f"aws-{GLOBAL_REGION}")
    given = options.providers
    others = [one for one in given if one.package != "aws"] if isinstance(given, list) else []
    return pulumi.ResourceOptions(providers=[*others, elsewhere])


def cluster_provider(config: StackConfig, cluster: Cluster | None) -> pulumi.ProviderResource:
    """The provider of the Kubernetes cluster.

    Args:
        config: configuration of the stack.
        cluster: the cluster that the program makes, if it makes one; else the ambient KUBECONFIG counts.
    """
    options = pulumi.ResourceOptions(depends_on=list(cluster.ready)) if cluster else None
    identifier = None
    if config.aws is not None and cluster is not None:
        # Only another cluster makes every object a new one, and not another address of the same.
        identifier = cluster.name.apply(_identifier(config.aws))
    provider: pulumi.ProviderResource = pulumi_kubernetes.Provider(
        "kubernetes",
        context=config.cluster.context,
        kubeconfig=cluster.kubeconfig if cluster else None,
        cluster_identifier=identifier,
        enable_server_side_apply=True,
        # Configuration changes in place: a deletion in between would leave pods without it.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=options,
    )
    return provider


def _identifier(aws: AwsConfig) -> Callable[[str], str]:
    return lambda name: f"{aws.account_id}/{aws.region}/{name}"


def _aws(aws: AwsConfig, ownership: Ownership, *, name: str = "aws") -> pulumi.ProviderResource:
    import pulumi_aws  # noqa: PLC0415 - only a stack with an AWS account pays for it

    tags = {"tags": resource_tags(ownership)}
    if aws.endpoint is None:
        real: pulumi.ProviderResource = pulumi_aws.Provider(
            name, region=aws.region, allowed_account_ids=[aws.account_id], default_tags=tags
        )
        return real
    emulated: pulumi.ProviderResource = pulumi_aws.Provider(
        name,
        region=aws.region,
        access_key=EMULATOR_CREDENTIAL,
        secret_key=EMULATOR_CREDENTIAL,
        endpoints=[dict.fromkeys(AWS_SERVICES, aws.endpoint)],
        s3_use_path_style=True,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        skip_requesting_account_id=True,
        default_tags=tags,
    )
    return emulated
