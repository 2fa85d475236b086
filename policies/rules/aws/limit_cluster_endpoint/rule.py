from __future__ import annotations

from collections.abc import Iterator

from policies.aws.networks import is_wide
from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule


@rule(
    id="AWS-038",
    title="Limit who can reach the API of an EKS cluster",
    severity=Severity.HIGH,
    topics=("kubernetes", "public-access"),
    frameworks=("aws-foundational-security:EKS.1", "cis-eks-1.5:5.4.2"),
    applies_to=Types(frozenset({"aws:eks/cluster:Cluster"})),
    rationale=(
        "The API server decides over everything in the cluster. Open to the internet, one hole in it or one leaked"
        " token is enough; behind the VPC it takes both and a place inside."
    ),
    remediation=(
        "Set vpcConfig.endpointPublicAccess to false, or publicAccessCidrs to the offices' own networks; keep"
        " endpointPrivateAccess true."
    ),
)
def limit_cluster_endpoint(resource: Resource) -> Iterator[Violation]:
    """One violation for an endpoint that everybody can reach, or for nodes that must go over the internet."""
    config = resource.root["vpcConfig"]
    public, private, cidrs = (
        config["endpointPublicAccess"],
        config["endpointPrivateAccess"],
        config["publicAccessCidrs"],
    )
    if public.boolean() is False:
        return
    if not cidrs.items():
        yield Violation(cidrs.path, "the whole internet can reach the cluster's API")
    for cidr in cidrs.items():
        if is_wide(cidr.text() or ""):
            yield Violation(cidr.path, f"{cidr.shown()} can reach the cluster's API")
    if private.boolean() is False:
        yield Violation(private.path, "nodes reach the API over its public address only")
