"""A secret that is also in AWS Secrets Manager, for those who are not in the cluster."""

from __future__ import annotations

import pulumi
from pulumi_aws import secretsmanager

from infra.core.component import PlatformComponent


def kept_secret(
    component: PlatformComponent,
    role: str,
    content: pulumi.Input[str],
    *,
    name: str,
    key_arn: pulumi.Input[str] | None,
    recovery_days: int,
    description: str | None = None,
) -> secretsmanager.Secret:
    """The secret, and its content as its first version.

    Args:
        component: its parent.
        role: role of the secret among the component's children; the version's follows from it.
        content: what it holds.
        name: its name in Secrets Manager.
        key_arn: key that encrypts it; the account's own if None.
        recovery_days: how long a deletion can be taken back.
        description: what it is for.
    """
    secret = secretsmanager.Secret(
        component.child(role),
        name=name,
        description=description,
        kms_key_id=key_arn,
        recovery_window_in_days=recovery_days,
        opts=component.child_options(),
    )
    secretsmanager.SecretVersion(
        component.child(f"{role}-version"), secret_id=secret.id, secret_string=content, opts=component.child_options()
    )
    return secret
