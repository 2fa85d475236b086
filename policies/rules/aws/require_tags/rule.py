from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.aws.buckets import BUCKET
from policies.aws.stores import DELETION_PROTECTED, ENCRYPTED, KEYS
from policies.aws.tags import default_tags, own_tags
from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.unknown import UnknownValueError
from policies.whole import judged, of_types

_WITHOUT_TAGS: Final = {
    "aws:ebs/encryptionByDefault:EncryptionByDefault",
    "aws:rds/clusterActivityStream:ClusterActivityStream",
    "aws:ec2/launchConfiguration:LaunchConfiguration",
}
_TAGGED: Final = (
    {
        "aws:kms/key:Key",
        "aws:secretsmanager/secret:Secret",
        "aws:ecr/repository:Repository",
        "aws:ec2/vpc:Vpc",
        "aws:ec2/natGateway:NatGateway",
        "aws:eks/nodeGroup:NodeGroup",
    }
    | BUCKET
    | set(ENCRYPTED)
    | set(KEYS)
    | set(DELETION_PROTECTED)
) - _WITHOUT_TAGS
_WANTED: Final = {
    "Owner": frozenset({"owner", "team"}),
    "CostCentre": frozenset({"costcentre", "costcenter"}),
    "Environment": frozenset({"environment", "env", "stage"}),
}


@rule(
    id="AWS-046",
    title="Require the tags that name owner, cost centre and environment",
    severity=Severity.LOW,
    topics=("ownership", "cost"),
    frameworks=("aws-well-architected:COST03-BP02",),
    applies_to=WholeStack(),
    rationale=(
        "The bill, alarms and clean-ups know resources by their tags alone. What has none is paid for by everybody and"
        " answered for by nobody, and nobody dares to delete it."
    ),
    remediation="Set defaultTags with Owner, CostCentre and Environment on the provider, or tags on the resource.",
)
def require_tags(stack: Stack) -> Iterator[Violation]:
    """One violation for each resource that costs money and lacks a tag, naming those that are missing.

    A provider's default tags count for every resource if each AWS provider of the stack has them. Where no provider is
    to be seen it is not known whether there are any.
    """
    defaults = default_tags(stack)

    def tagged(resource: Resource) -> Iterator[Violation]:
        present = set(own_tags(resource)) | set(defaults or ())
        missing = [tag for tag, names in _WANTED.items() if not names & present]
        if missing and defaults is None:
            raise UnknownValueError("the default tags of the AWS provider")
        if missing:
            yield Violation("tags", f"it has no tag {', '.join(missing)}")

    yield from judged(of_types(stack, _TAGGED), tagged)
