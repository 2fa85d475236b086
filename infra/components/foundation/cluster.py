"""The Kubernetes cluster on AWS."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws import cloudwatch, ec2, eks, iam

from infra.components.foundation.cluster_layout import (
    ADMINISTRATOR_POLICY,
    AFTER_NODES,
    BEFORE_NODES,
    CLUSTER_POLICIES,
    LOG_DAYS,
    LOG_TYPES,
    NODE_DISK_GIB,
    NODE_POLICIES,
    Addon,
    ClusterArgs,
    key_policy,
    kubeconfig,
    log_group,
    role_name,
    trust,
)
from infra.components.foundation.customer_key import customer_key
from infra.components.foundation.network import Network
from infra.components.foundation.node_layout import NodeGroupSpec
from infra.components.foundation.service_role import service_role
from infra.core.component import PlatformComponent

POD_IDENTITY = "pods.eks.amazonaws.com"
HOPS = 1
"""Answers of the metadata service end at the machine: pods, which are a hop further, have roles of their own."""


class Cluster(PlatformComponent):
    """EKS: encrypted secrets, all logs, entries for administrators, managed node groups, add-ons, pod identity.

    Attributes:
        name: name of the cluster.
        kubeconfig: configuration of its clients, without any secret.
        ready: what must be there before anything is declared in it.
        security_group: id of the group that EKS makes, which all nodes and their pods are in.
    """

    DOMAIN = "foundation"
    name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    ready: Sequence[pulumi.Resource]
    security_group: pulumi.Output[str]

    def __init__(
        self, name: str, args: ClusterArgs, *, network: Network, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts=opts)
        self._args = args
        self._key = customer_key(
            self,
            f"Encrypts secrets, logs and disks of {args.name}",
            key_policy(args),
            alias=args.name,
            keep=args.keep,
        )
        self._cluster = self._control_plane(network)
        administrators = [self._administrator(role) for role in args.administrators]
        early = [self._addon(addon) for addon in BEFORE_NODES]
        groups = self._nodes(network, [*early, *network.ready])
        late = [self._addon(addon, after=groups) for addon in AFTER_NODES]
        self.name = self._cluster.name
        self.security_group = self._cluster.vpc_config.apply(lambda access: str(access.cluster_security_group_id))
        self.kubeconfig = pulumi.Output.all(self._cluster.endpoint, self._cluster.certificate_authority.data).apply(
            lambda given: kubeconfig(args, *given)
        )
        self.ready = [*administrators, *groups, *late]
        self.register_outputs({"name": self.name, "kubeconfig": self.kubeconfig})

    def associate(self, role: str, namespace: str, account: str, role_arn: pulumi.Input[str]) -> pulumi.Resource:
        """Give the pods of a service account an IAM role.

        Args:
            role: the child's role.
            namespace: namespace of the service account.
            account: the service account.
            role_arn: a role that ``pods.eks.amazonaws.com`` may assume.
        """
        association: pulumi.Resource = eks.PodIdentityAssociation(
            self.child(role),
            cluster_name=self._cluster.name,
            namespace=namespace,
            service_account=account,
            role_arn=role_arn,
            opts=self.child_options(),
        )
        return association

    def _role(self, role: str, policy: str, managed: Sequence[str]) -> tuple[iam.Role, list[pulumi.Resource]]:
        return service_role(self, role_name(self._args, role), policy, managed, role=f"{role}-")

    def _control_plane(self, network: Network) -> eks.Cluster:
        args = self._args
        role, attached = self._role("cluster", trust("eks.amazonaws.com", "sts:AssumeRole"), CLUSTER_POLICIES)
        logs = cloudwatch.LogGroup(
            self.child("logs"),
            name=log_group(args),
            retention_in_days=LOG_DAYS,
            kms_key_id=self._key.arn,
            opts=self.child_options(),
        )
        access: eks.ClusterVpcConfigArgsDict = {
            "subnet_ids": list(network.private_subnets),
            "endpoint_private_access": True,
            "endpoint_public_access": bool(args.public_access),
        }
        if args.public_access:
            access["public_access_cidrs"] = list(args.public_access)
        guarded = pulumi.ResourceOptions(protect=args.keep or None)
        return eks.Cluster(
            self.child("control-plane"),
            name=args.name,
            version=args.version,
            role_arn=role.arn,
            vpc_config=access,
            enabled_cluster_log_types=[*LOG_TYPES],
            encryption_config={"provider": {"key_arn": self._key.arn}, "resources": ["secrets"]},
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
            bootstrap_self_managed_addons=False,
            # A version whose standard support ends is upgraded; staying on it costs more every hour.
            upgrade_policy={"support_type": "STANDARD"},
            deletion_protection=args.keep,
            tags={"Name": args.name},
            opts=pulumi.ResourceOptions.merge(self.child_options(after=[*attached, logs]), guarded),
        )

    def _administrator(self, role: str) -> pulumi.Resource:
        principal = f"arn:aws:iam::{self._args.account_id}:role/{role}"
        entry = eks.AccessEntry(
            self.child(f"administrator-{role}"),
            cluster_name=self._cluster.name,
            principal_arn=principal,
            type="STANDARD",
            opts=self.child_options(),
        )
        association: pulumi.Resource = eks.AccessPolicyAssociation(
            self.child(f"administrator-{role}-policy"),
            cluster_name=self._cluster.name,
            principal_arn=principal,
            policy_arn=ADMINISTRATOR_POLICY,
            access_scope={"type": "cluster"},
            opts=self.child_options(after=[entry]),
        )
        return association

    def _addon(self, addon: Addon, *, after: Sequence[pulumi.Resource] = ()) -> pulumi.Resource:
        first = [*after]
        if addon.account and addon.policy:
            role, attached = self._role(
                addon.name, trust(POD_IDENTITY, "sts:AssumeRole", "sts:TagSession"), (addon.policy,)
            )
            identity = self.associate(f"{addon.name}-identity", "kube-system", addon.account, role.arn)
            first += [*attached, identity]
        found: pulumi.Resource = eks.Addon(
            self.child(addon.name),
            cluster_name=self._cluster.name,
            addon_name=addon.name,
            configuration_values=pulumi.Output.json_dumps(addon.values) if addon.values else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=self.child_options(after=first),
        )
        return found

    def _nodes(self, network: Network, after: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        role, attached = self._role("node", trust("ec2.amazonaws.com", "sts:AssumeRole"), NODE_POLICIES)
        template = self._template()
        return [self._group(spec, role, template, network, [*attached, *after]) for spec in self._args.groups]

    def _template(self) -> ec2.LaunchTemplate:
        tags = {"Name": f"{self._args.name}-node"}
        return ec2.LaunchTemplate(
            self.child("node"),
            name=f"{self._args.name}-node",
            update_default_version=True,
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": HOPS,
            },
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "volume_size": NODE_DISK_GIB,
                        "volume_type": "gp3",
                        "encrypted": "true",
                        "kms_key_id": self._key.arn,
                        "delete_on_termination": "true",
                    },
                }
            ],
            tag_specifications=[
                {"resource_type": kind, "tags": {**self._args.node_tags, **tags}} for kind in ("instance", "volume")
            ],
            tags=tags,
            opts=self.child_options(),
        )

    def _group(
        self,
        spec: NodeGroupSpec,
        role: iam.Role,
        template: ec2.LaunchTemplate,
        network: Network,
        after: Sequence[pulumi.Resource],
    ) -> pulumi.Resource:
        options = pulumi.ResourceOptions(
            # How many nodes there are is moved by whoever scales them.
            ignore_changes=["scalingConfig.desiredSize"],
        )
        group: pulumi.Resource = eks.NodeGroup(
            self.child(spec.name),
            cluster_name=self._cluster.name,
            node_group_name=spec.name,
            node_role_arn=role.arn,
            subnet_ids=list(network.private_subnets),
            ami_type=spec.image,
            capacity_type=spec.capacity,
            instance_types=[spec.instance_type],
            scaling_config={"min_size": spec.initial, "desired_size": spec.initial, "max_size": spec.maximum},
            update_config={"max_unavailable": 1},
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            labels={"platform/capacity": spec.name},
            taints=[taint.model_dump() for taint in spec.taints] or None,
            tags={"Name": f"{self._args.name}-{spec.name}"},
            opts=pulumi.ResourceOptions.merge(self.child_options(after=after), options),
        )
        return group
