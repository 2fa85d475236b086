"""The explicit providers of a stack; the default ones are disabled in Pulumi.<environment>.yaml."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes
import pulumi_random

from infra.config import AwsConfig, StackConfig
from infra.core.labels import Ownership, resource_tags

AWS_SERVICES = ("ecr", "kms", "s3", "secretsmanager", "sts")
"""Services that the program uses, as the provider's ``endpoints`` names them."""

EMULATOR_CREDENTIAL = "test"
"""What an emulator takes for a credential; never sent anywhere but to this machine."""


def make_providers(config: StackConfig, ownership: Ownership) -> list[pulumi.ProviderResource]:
    """Kubernetes and random always, AWS where the configuration names an account."""
    providers: list[pulumi.ProviderResource] = [
        pulumi_kubernetes.Provider(
            "kubernetes",
            context=config.cluster.context,
            enable_server_side_apply=True,
            # Configuration changes in place: a deletion in between would leave pods without it.
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
        ),
        pulumi_random.Provider("random"),
    ]
    if config.aws is not None:
        providers.append(_aws(config.aws, ownership))
    return providers


def _aws(aws: AwsConfig, ownership: Ownership) -> pulumi.ProviderResource:
    import pulumi_aws  # noqa: PLC0415 - only a stack with an AWS account pays for it

    tags = {"tags": resource_tags(ownership)}
    if aws.endpoint is None:
        real: pulumi.ProviderResource = pulumi_aws.Provider(
            "aws", region=aws.region, allowed_account_ids=[aws.account_id], default_tags=tags
        )
        return real
    emulated: pulumi.ProviderResource = pulumi_aws.Provider(
        "aws",
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
