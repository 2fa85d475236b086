"""A key of our own, as every component that keeps data has one."""

from __future__ import annotations

import pulumi
from pulumi_aws import kms

from infra.core.component import PlatformComponent

KEY_DELETION_DAYS = 30
"""Longest waiting period of AWS KMS: until then a deletion can be taken back."""


def customer_key(
    component: PlatformComponent,
    description: str,
    policy: pulumi.Input[str],
    *,
    alias: str | None = None,
    keep: bool = False,
) -> kms.Key:
    """A key that turns by itself, and the name by which people find it.

    Args:
        component: its parent.
        description: what it encrypts.
        policy: who may use it.
        alias: its name, without ``alias/``; none if None.
        keep: whether it outlives a mistake.
    """
    key = kms.Key(
        component.child("key"),
        description=description,
        enable_key_rotation=True,
        deletion_window_in_days=KEY_DELETION_DAYS,
        policy=policy,
        opts=component.child_options(keep=keep),
    )
    if alias is not None:
        kms.Alias(
            component.child("alias"),
            name=f"alias/{alias}",
            target_key_id=key.key_id,
            opts=component.child_options(),
        )
    return key
