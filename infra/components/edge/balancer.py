"""The load balancer between CloudFront and Kong, which the internet does not reach."""

from __future__ import annotations

import pulumi
from pulumi_aws import ec2, lb, s3, vpc

from infra.components.edge import balancer_layout as layout
from infra.components.edge.kong_layout import PROXY_PORT, STATUS_PORT
from infra.components.foundation.network import Network
from infra.components.foundation.private_bucket import BucketSettings, settle_bucket
from infra.core.component import PlatformComponent


class Balancer(PlatformComponent):
    """An application load balancer with private addresses, its logs, and a target group that the cluster fills.

    Everything of it is declared here, so nothing of it is left when the stack goes: the controller in the cluster only
    registers pods. TLS ends here with AWS's certificate and begins anew to Kong, whose own certificate it does not
    judge (Application Load Balancers, "Target groups"); nobody else answers at the pods' addresses.

    The group lets in what comes from addresses of the network, among them CloudFront's interfaces. None of this has
    been tried on AWS.

    Args:
        name: name in the URN.
        args: names.
        network: the network.
        pods: id of the security group that all nodes and their pods are in.
        certificate_arn: certificate that it presents.
        opts: options of the component.

    Attributes:
        arn: ARN of the load balancer, known once it listens.
        group: the target group.
    """

    DOMAIN = "edge"
    arn: pulumi.Output[str]
    group: lb.TargetGroup

    def __init__(
        self,
        name: str,
        args: layout.BalancerArgs,
        *,
        network: Network,
        pods: pulumi.Input[str],
        certificate_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        self._args = args
        logs, ready = self._logs()
        balancer = lb.LoadBalancer(
            self.child("balancer"),
            name=args.name,
            internal=True,
            load_balancer_type="application",
            ip_address_type="ipv4",
            subnets=list(network.private_subnets),
            security_groups=[self._security_group(network, pods)],
            access_logs={"bucket": logs, "prefix": layout.LOG_PREFIX, "enabled": True},
            idle_timeout=layout.IDLE_SECONDS,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="strictest",
            enable_deletion_protection=args.keep,
            tags={"Name": args.name},
            opts=self.child_options(after=[*ready, *network.ready]),
        )
        self.group = self._targets(network)
        listener = lb.Listener(
            self.child("listener"),
            load_balancer_arn=balancer.arn,
            port=layout.PORT,
            protocol="HTTPS",
            ssl_policy=layout.TLS,
            certificate_arn=certificate_arn,
            default_actions=[{"type": "forward", "target_group_arn": self.group.arn}],
            opts=self.child_options(),
        )
        self.arn = listener.load_balancer_arn
        self.register_outputs({"arn": self.arn})

    def _targets(self, network: Network) -> lb.TargetGroup:
        args = self._args
        return lb.TargetGroup(
            self.child("targets"),
            name=args.group,
            vpc_id=network.vpc_id,
            target_type="ip",
            ip_address_type="ipv4",
            port=PROXY_PORT,
            protocol="HTTPS",
            # Connections are upgraded to WebSocket from this version only.
            protocol_version="HTTP1",
            deregistration_delay=layout.DRAIN_SECONDS,
            health_check=layout.health_check(),
            tags={"Name": args.group},
            opts=self.child_options(),
        )

    def _security_group(self, network: Network, pods: pulumi.Input[str]) -> pulumi.Output[str]:
        args = self._args
        group = ec2.SecurityGroup(
            self.child("group"),
            name=f"{args.name}-balancer",
            description="From CloudFront inside the network to Kong",
            vpc_id=network.vpc_id,
            tags={"Name": f"{args.name}-balancer"},
            opts=self.child_options(),
        )
        vpc.SecurityGroupIngressRule(
            self.child("from-network"),
            security_group_id=group.id,
            cidr_ipv4=args.network,
            ip_protocol="tcp",
            from_port=layout.PORT,
            to_port=layout.PORT,
            description="HTTPS from CloudFront's interfaces",
            opts=self.child_options(),
        )
        for role, port in (("proxy", PROXY_PORT), ("health", STATUS_PORT)):
            way = {"ip_protocol": "tcp", "from_port": port, "to_port": port}
            vpc.SecurityGroupEgressRule(
                self.child(f"to-{role}"),
                security_group_id=group.id,
                referenced_security_group_id=pods,
                description=f"Kong's {role} port",
                opts=self.child_options(),
                **way,
            )
            vpc.SecurityGroupIngressRule(
                self.child(f"{role}-from-balancer"),
                security_group_id=pods,
                referenced_security_group_id=group.id,
                description=f"Kong's {role} port, from the load balancer",
                opts=self.child_options(),
                **way,
            )
        found: pulumi.Output[str] = group.id
        return found

    def _logs(self) -> tuple[pulumi.Output[str], list[pulumi.Resource]]:
        args = self._args
        bucket = s3.Bucket(
            self.child("logs"),
            bucket=args.log_bucket,
            force_destroy=not args.keep,
            opts=self.child_options(keep=args.keep),
        )
        # S3's own key: load balancers deliver to no bucket with a customer's (Application Load Balancers, "Enable
        # access logs").
        settings = BucketSettings(layout.log_bucket_policy(args), layout.log_lifecycle())
        found: pulumi.Output[str] = bucket.bucket
        return found, settle_bucket(self, found, settings, role="logs-")
