"""Backups of what holds state on AWS."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws import backup, iam, kms, sns

from infra.components.foundation.backup_layout import (
    END_MINUTES,
    EVENTS,
    GRACE_DAYS,
    POLICIES,
    SHORTEST_DAYS,
    START_MINUTES,
    TAG,
    BackupArgs,
    BackupClass,
    failures_only,
    key_policy,
    role_trust,
    schedule,
    topic_name,
    topic_policy,
)
from infra.components.foundation.customer_key import customer_key
from infra.components.foundation.mailed_topic import TopicSettings, mailed_topic
from infra.components.foundation.service_role import service_role
from infra.core.component import PlatformComponent


class Backup(PlatformComponent):
    """AWS Backup: a vault with its own key and a lock, a daily plan for each class, e-mail when one fails.

    A store takes part by its tag ``Backup``, whose value is the class.

    Attributes:
        vault: name of the vault.
        topic_arn: ARN of the topic that hears of backups.
    """

    DOMAIN = "foundation"
    vault: pulumi.Output[str]
    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: BackupArgs, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        self._args = args
        key = customer_key(
            self, f"Encrypts the backups in {args.name}", key_policy(args), alias=f"{args.name}-backup", keep=args.keep
        )
        vault = backup.Vault(
            self.child("vault"),
            name=args.name,
            kms_key_arn=key.arn,
            tags={"Name": args.name},
            opts=self.child_options(keep=args.keep),
        )
        self._lock(vault)
        role, attached = service_role(self, f"{args.name}-{args.region}-backup", role_trust(args.account_id), POLICIES)
        for kind, days in args.classes.items():
            self._plan(kind, days, vault, role, attached)
        topic = self._failures(vault, key)
        self.vault, self.topic_arn = vault.name, topic.arn
        self.register_outputs({"vault": self.vault, "topicArn": self.topic_arn})

    def _lock(self, vault: backup.Vault) -> None:
        if self._args.lock == "none":
            return
        backup.VaultLockConfiguration(
            self.child("lock"),
            backup_vault_name=vault.name,
            min_retention_days=SHORTEST_DAYS,
            # With days of grace the lock is for ever afterwards; without, whoever may remove locks can remove it.
            changeable_for_days=GRACE_DAYS if self._args.lock == "compliance" else None,
            opts=self.child_options(),
        )

    def _plan(
        self,
        kind: BackupClass,
        days: int,
        vault: backup.Vault,
        role: iam.Role,
        attached: Sequence[pulumi.Resource],
    ) -> None:
        args = self._args
        copy = {"destination_vault_arn": args.copy_to, "lifecycle": {"delete_after": days}}
        plan = backup.Plan(
            self.child(f"{kind}-plan"),
            name=f"{args.name}-{kind}",
            rules=[
                {
                    "rule_name": "daily",
                    "target_vault_name": vault.name,
                    "schedule": schedule(kind),
                    "start_window": START_MINUTES,
                    "completion_window": END_MINUTES,
                    "lifecycle": {"delete_after": days},
                    **({"copy_actions": [copy]} if args.copy_to else {}),
                }
            ],
            opts=self.child_options(),
        )
        backup.Selection(
            self.child(f"{kind}-selection"),
            name=f"{args.name}-{kind}",
            plan_id=plan.id,
            iam_role_arn=role.arn,
            selection_tags=[{"type": "STRINGEQUALS", "key": TAG, "value": kind}],
            opts=self.child_options(after=attached),
        )

    def _failures(self, vault: backup.Vault, key: kms.Key) -> sns.Topic:
        args = self._args
        settings = TopicSettings(topic_name(args), topic_policy(args), args.contacts, failures_only())
        topic = mailed_topic(self, key.arn, settings, role="news", reader="contact")
        backup.VaultNotifications(
            self.child("notifications"),
            backup_vault_name=vault.name,
            backup_vault_events=list(EVENTS),
            sns_topic_arn=topic.arn,
            opts=self.child_options(),
        )
        return topic
