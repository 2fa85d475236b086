"""Every AWS resource type that the embedded engine really manages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sandbox.engine.providers.aws import ec2, ecr, iam, kms, logs, s3_bucket, s3_settings, secretsmanager, sns, sqs
from sandbox.engine.providers.aws.adapter import Adapter
from sandbox.engine.providers.aws.security_group import SecurityGroup

ADAPTERS: Final[Mapping[str, Adapter]] = {
    adapter.type: adapter
    for adapter in (
        kms.Key(),
        kms.Alias(),
        s3_bucket.Bucket(),
        *s3_settings.SETTINGS,
        iam.Role(),
        iam.Policy(),
        iam.RolePolicy(),
        iam.RolePolicyAttachment(),
        secretsmanager.Secret(),
        secretsmanager.SecretVersion(),
        ecr.Repository(),
        ecr.LifecyclePolicy(),
        sqs.Queue(),
        sns.Topic(),
        logs.LogGroup(),
        ec2.Vpc(),
        ec2.Subnet(),
        SecurityGroup(),
    )
}
"""The adapters by type token."""
