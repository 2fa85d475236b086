"""Where on the network the AWS services are that a workload's grants are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import Field

from infra.core.iam.cluster_grants import GroupScaling, TargetRegistration
from infra.core.iam.grants import (
    BucketPrefix,
    Grant,
    ImagePull,
    KeyUse,
    LogWrite,
    QueueUse,
    SecretRead,
    ServiceSecretRead,
    TopicPublish,
)
from infra.core.iam.place import AwsPlace
from infra.core.models import Args
from infra.core.wiring.edges import External


class AwsEndpoint(External):
    """A service of AWS by the name that its clients look up.

    Where the network has an endpoint for the service, that name leads to private addresses of the endpoint's subnets,
    and those are all that a NetworkPolicy opens; where it has none, the name leads to public ones.
    """

    blocks: tuple[str, ...] = Field(default=(), description="networks of the endpoint; the service is public if none")

    def peers(self) -> list[dict[str, Any]]:
        """The endpoint's subnets, or every public address."""
        return [{"ipBlock": {"cidr": block}} for block in self.blocks] or super().peers()


class AwsNetwork(Args):
    """The network from which workloads call AWS."""

    place: AwsPlace
    services: frozenset[str] = Field(default=frozenset(), description="services with an endpoint of their own in it")
    blocks: tuple[str, ...] = Field(default=(), description="networks that the endpoints are in")

    def endpoints(self, grants: Iterable[Grant]) -> tuple[AwsEndpoint, ...]:
        """Every service that the grants are about, once, by host.

        A bucket has a host of its own (Amazon S3 User Guide, "Virtual hosting of buckets"), which is what SDKs call
        unless they are told otherwise. What services do on a workload's behalf, such as S3 with a key, they do among
        themselves. Credentials come from the node's agent, so STS is not among them (Amazon EKS User Guide, "Learn how
        EKS Pod Identity grants pods access to AWS services").
        """
        hosts = {host: service for grant in grants for service, host in self._hosts(grant)}
        return tuple(
            AwsEndpoint(host=host, blocks=self.blocks if service in self.services else ())
            for host, service in sorted(hosts.items())
        )

    def _hosts(self, grant: Grant) -> Iterator[tuple[str, str]]:
        """Service, by the name that its endpoint has, and host (AWS General Reference, "Service endpoints")."""
        region, domain = self.place.region, "amazonaws.com"
        match grant:
            case BucketPrefix():
                yield "s3", f"{grant.bucket}.s3.{region}.{domain}"
            case SecretRead() | ServiceSecretRead():
                yield "secretsmanager", f"secretsmanager.{region}.{domain}"
            case QueueUse():
                yield "sqs", f"sqs.{region}.{domain}"
            case TopicPublish():
                yield "sns", f"sns.{region}.{domain}"
            case LogWrite():
                yield "logs", f"logs.{region}.{domain}"
            case ImagePull():
                yield "ecr.api", f"api.ecr.{region}.{domain}"
                yield "ecr.dkr", f"{self.place.account_id}.dkr.ecr.{region}.{domain}"
                # Layers come from a bucket of AWS's own, to which the registry sends its clients (Amazon ECR User
                # Guide, "Amazon ECR interface VPC endpoints").
                yield "s3", f"{layer_bucket(region)}.s3.{region}.{domain}"
            case TargetRegistration():
                yield from ((name, f"{name}.{region}.{domain}") for name in ("ec2", "elasticloadbalancing"))
            case GroupScaling():
                yield from ((name, f"{name}.{region}.{domain}") for name in ("autoscaling", "ec2", "eks"))
            case KeyUse():
                pass


def layer_bucket(region: str) -> str:
    """Bucket of AWS's own that holds the layers of a region's images (same page, minimum bucket permissions)."""
    return f"prod-{region}-starport-layer-bucket"
