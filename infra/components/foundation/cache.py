"""The cache on AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_aws import cloudwatch, ec2, elasticache

from infra.components.foundation.cache_layout import (
    ENGINE,
    LOG_DAYS,
    LOGS,
    MAINTENANCE_WINDOW,
    NOBODY,
    PASSWORD_LENGTH,
    PORT,
    SNAPSHOT_WINDOW,
    CacheArgs,
    key_policy,
    log_group,
    user_id,
)
from infra.components.foundation.customer_key import customer_key
from infra.components.foundation.network import Network
from infra.components.foundation.private_service import private_service
from infra.core.component import PlatformComponent
from infra.core.generated_secrets import generated_password


class Cache(PlatformComponent):
    """Valkey on ElastiCache: private, TLS only, own key, a user for each client, snapshots, logs.

    Args:
        network: network whose private subnets it is in.
        clients: id of the security group that alone reaches it: the cluster's, which nodes and pods are in.
        passwords: password of each user.

    Attributes:
        host: DNS name of the primary.
        reader: DNS name of the replicas, or of the primary when there are none.
        port: port.
        key_arn: ARN of the key.
    """

    DOMAIN = "foundation"
    host: pulumi.Output[str]
    reader: pulumi.Output[str]
    port: int
    key_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: CacheArgs,
        *,
        network: Network,
        clients: pulumi.Input[str],
        passwords: Mapping[str, pulumi.Output[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        self._args = args
        key = customer_key(
            self, f"Encrypts the cache {args.name}", key_policy(args), alias=f"{args.name}-cache", keep=args.keep
        )
        self._key_arn = key.arn
        users = self._users(passwords)
        group, subnets = private_service(
            self,
            network,
            clients,
            name=f"{args.name}-cache",
            protocol="Valkey",
            port=PORT,
            subnet_group=elasticache.SubnetGroup,
        )
        found = self._replication_group(group, subnets, users, self._logs())
        self.host, self.reader, self.port = found.primary_endpoint_address, found.reader_endpoint_address, PORT
        self.key_arn = key.arn
        self.register_outputs({"host": self.host, "reader": self.reader})

    def _logs(self) -> list[cloudwatch.LogGroup]:
        return [
            cloudwatch.LogGroup(
                self.child(log),
                name=log_group(self._args.name, log),
                retention_in_days=LOG_DAYS,
                kms_key_id=self._key_arn,
                opts=self.child_options(),
            )
            for log in LOGS
        ]

    def _user(self, role: str, user: str, access: str, password: pulumi.Output[str]) -> elasticache.User:
        return elasticache.User(
            self.child(role),
            user_id=user_id(self._args.name, role),
            user_name=user,
            engine=ENGINE,
            access_string=access,
            authentication_mode={"type": "password", "passwords": [password]},
            opts=self.child_options(),
        )

    def _users(self, passwords: Mapping[str, pulumi.Output[str]]) -> elasticache.UserGroup:
        # A group must have a user named default; whoever names no user is refused.
        members = [
            self._user("nobody", "default", NOBODY, generated_password(self, "nobody-password", PASSWORD_LENGTH)),
            *(self._user(user, user, f"on {rights}", passwords[user]) for user, rights in self._args.users.items()),
        ]
        return elasticache.UserGroup(
            self.child("users"),
            user_group_id=self._args.name,
            engine=ENGINE,
            user_ids=[member.user_id for member in members],
            opts=self.child_options(),
        )

    def _parameters(self) -> elasticache.ParameterGroup:
        family = self._args.family
        return elasticache.ParameterGroup(
            self.child("parameters"),
            # The name carries the family: a group of another one is made beside it before the old one goes.
            name=f"{self._args.name}-{family}",
            family=family,
            description="Keys that expire go first when the memory is full",
            parameters=[{"name": "maxmemory-policy", "value": "volatile-lru"}],
            opts=self.child_options(),
        )

    def _replication_group(
        self,
        group: ec2.SecurityGroup,
        subnets: elasticache.SubnetGroup,
        users: elasticache.UserGroup,
        logs: Sequence[cloudwatch.LogGroup],
    ) -> elasticache.ReplicationGroup:
        args = self._args
        return elasticache.ReplicationGroup(
            self.child("replication-group"),
            replication_group_id=args.name,
            description="Cache of the platform",
            engine=ENGINE,
            engine_version=args.version,
            auto_minor_version_upgrade=True,
            node_type=args.node_type,
            num_cache_clusters=1 + args.replicas,
            automatic_failover_enabled=args.replicas > 0,
            multi_az_enabled=args.replicas > 0,
            port=PORT,
            subnet_group_name=subnets.name,
            security_group_ids=[group.id],
            parameter_group_name=self._parameters().name,
            at_rest_encryption_enabled=True,
            kms_key_id=self._key_arn,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            user_group_ids=[users.user_group_id],
            snapshot_retention_limit=args.snapshot_days,
            snapshot_window=SNAPSHOT_WINDOW,
            final_snapshot_identifier=f"{args.name}-final" if args.keep else None,
            maintenance_window=MAINTENANCE_WINDOW,
            log_delivery_configurations=[
                {
                    "destination": made.name,
                    "destination_type": "cloudwatch-logs",
                    "log_format": "json",
                    "log_type": log,
                }
                for log, made in zip(LOGS, logs, strict=True)
            ],
            tags={"Name": args.name},
            opts=self.child_options(keep=args.keep),
        )
