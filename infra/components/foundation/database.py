"""The database on AWS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, ec2, iam, rds

from infra.components.foundation.customer_key import customer_key
from infra.components.foundation.database_layout import (
    ADMINISTRATOR,
    BACKUP_WINDOW,
    CERTIFICATE_AUTHORITY,
    DATABASE,
    INSIGHT_DAYS,
    LOG_DAYS,
    LOGS,
    MAINTENANCE_WINDOW,
    MONITORING_POLICY,
    MONITORING_SECONDS,
    PARAMETERS,
    PORT,
    DatabaseArgs,
    key_policy,
    log_group,
    monitor_trust,
    parameter_family,
)
from infra.components.foundation.network import Network
from infra.components.foundation.private_service import private_service
from infra.core.component import PlatformComponent


class Database(PlatformComponent):
    """PostgreSQL on RDS: private, TLS only, own key, a password that no program knows, backups, logs.

    Args:
        network: network whose private subnets it is in.
        clients: id of the security group that alone reaches it: the cluster's, which nodes and pods are in.

    Attributes:
        host: DNS name, which the server's certificate is for.
        port: port.
        database: name of the database that there is at first.
        secret_arn: ARN of the secret with the administrator's name and password, which RDS makes and rotates.
        key_arn: ARN of the key.
        arn: ARN of the instance.
    """

    DOMAIN = "foundation"
    host: pulumi.Output[str]
    port: int
    database: str
    secret_arn: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: DatabaseArgs,
        *,
        network: Network,
        clients: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        self._args = args
        key = customer_key(
            self, f"Encrypts the database {args.name}", key_policy(args), alias=f"{args.name}-database", keep=args.keep
        )
        self._key_arn = key.arn
        group, subnets = private_service(
            self,
            network,
            clients,
            name=f"{args.name}-database",
            protocol="PostgreSQL",
            port=PORT,
            subnet_group=rds.SubnetGroup,
        )
        instance = self._instance(group, subnets, self._logs())
        self.host, self.port, self.database = instance.address, PORT, DATABASE
        self.secret_arn = instance.master_user_secrets.apply(lambda secrets: str(secrets[0].secret_arn))
        self.key_arn, self.arn = key.arn, instance.arn
        self.register_outputs({"host": self.host, "secretArn": self.secret_arn})

    def _logs(self) -> list[pulumi.Resource]:
        return [
            cloudwatch.LogGroup(
                self.child(f"{log}-log"),
                name=log_group(self._args.name, log),
                retention_in_days=LOG_DAYS,
                kms_key_id=self._key_arn,
                opts=self.child_options(),
            )
            for log in LOGS
        ]

    def _monitor(self) -> tuple[iam.Role, pulumi.Resource]:
        role = iam.Role(
            self.child("monitor-role"),
            name=f"{self._args.name}-{self._args.region}-database-monitor",
            assume_role_policy=monitor_trust(self._args),
            opts=self.child_options(),
        )
        attached = iam.RolePolicyAttachment(
            self.child("monitor-may"), role=role.name, policy_arn=MONITORING_POLICY, opts=self.child_options()
        )
        return role, attached

    def _parameters(self) -> rds.ParameterGroup:
        family = parameter_family(self._args.version)
        return rds.ParameterGroup(
            self.child("parameters"),
            # The name carries the family: a group of another one is made beside it before the old one goes.
            name=f"{self._args.name}-{family}",
            family=family,
            description="TLS only, connections and changes logged, changes readable as a stream",
            parameters=[
                {
                    "name": parameter.name,
                    "value": parameter.value,
                    "apply_method": "pending-reboot" if parameter.restart else "immediate",
                }
                for parameter in PARAMETERS
            ],
            opts=self.child_options(),
        )

    def _instance(
        self, group: ec2.SecurityGroup, subnets: rds.SubnetGroup, logs: Sequence[pulumi.Resource]
    ) -> rds.Instance:
        args = self._args
        role, attached = self._monitor()
        return rds.Instance(
            self.child("instance"),
            identifier=args.name,
            engine="postgres",
            engine_version=args.version,
            instance_class=args.instance_class,
            auto_minor_version_upgrade=True,
            # Only who writes a new major version into the configuration gets one, in the maintenance window.
            allow_major_version_upgrade=True,
            multi_az=args.multi_az,
            db_name=DATABASE,
            port=PORT,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group.id],
            publicly_accessible=False,
            ca_cert_identifier=CERTIFICATE_AUTHORITY,
            parameter_group_name=self._parameters().name,
            maintenance_window=MAINTENANCE_WINDOW,
            tags={"Name": args.name, **({"Backup": args.backup_class} if args.backup_class else {})},
            opts=self.child_options(after=[*logs, attached], keep=args.keep),
            **self._access(),
            **self._storage(),
            **self._recovery(),
            **self._watch(role),
        )

    def _access(self) -> dict[str, Any]:
        return {
            "username": ADMINISTRATOR,
            # RDS makes the password, keeps it in Secrets Manager and rotates it, so that it is in no state.
            "manage_master_user_password": True,
            "master_user_secret_kms_key_id": self._key_arn,
            "iam_database_authentication_enabled": True,
        }

    def _storage(self) -> dict[str, Any]:
        return {
            "storage_type": "gp3",
            "allocated_storage": self._args.storage_gib,
            "max_allocated_storage": self._args.storage_limit_gib,
            "storage_encrypted": True,
            "kms_key_id": self._key_arn,
        }

    def _recovery(self) -> dict[str, Any]:
        args = self._args
        return {
            "backup_retention_period": args.backup_days,
            "backup_window": BACKUP_WINDOW,
            "copy_tags_to_snapshot": True,
            "delete_automated_backups": not args.keep,
            "deletion_protection": args.keep,
            "skip_final_snapshot": not args.keep,
            "final_snapshot_identifier": f"{args.name}-final" if args.keep else None,
        }

    def _watch(self, role: iam.Role) -> dict[str, Any]:
        return {
            "enabled_cloudwatch_logs_exports": list(LOGS),
            "performance_insights_enabled": True,
            "performance_insights_kms_key_id": self._key_arn,
            "performance_insights_retention_period": INSIGHT_DAYS,
            "monitoring_interval": MONITORING_SECONDS,
            "monitoring_role_arn": role.arn,
        }
