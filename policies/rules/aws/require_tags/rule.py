from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from policies.aws.buckets import BUCKET
from policies.aws.stores import DELETION_PROTECTED, ENCRYPTED, KEYS
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.unknown import UnknownValueError
from policies.whole import judged, of_types

_PROVIDER: Final = ("pulumi:providers:aws",)
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
    providers = of_types(stack, _PROVIDER)
    defaults: set[str] | None = None
    for provider in providers:
        found = _keys(_table(provider.root["defaultTags"])["tags"])
        defaults = found if defaults is None else defaults & found

    def tagged(resource: Resource) -> Iterator[Violation]:
        present = _keys(resource.root["tags"]) | _keys(resource.root["tagsAll"]) | (defaults or set())
        missing = [tag for tag, names in _WANTED.items() if not names & present]
        if missing and defaults is None:
            raise UnknownValueError("the default tags of the AWS provider")
        if missing:
            yield Violation("tags", f"it has no tag {', '.join(missing)}")

    yield from judged(of_types(stack, _TAGGED), tagged)


def _keys(tags: Node) -> set[str]:
    return {re.sub(r"[^a-z]", "", key.rpartition(":")[2].lower()) for key, value in tags.entries() if not _empty(value)}


def _empty(value: Node) -> bool:
    return value.known() and value.value() in (None, "")


def _table(node: Node) -> Node:
    # Inputs of providers travel as JSON text.
    value: Any = node.value()
    if not isinstance(value, str):
        return node
    try:
        return Node(json.loads(value), node.parent, node.key)
    except ValueError:
        return Node(None, node.parent, node.key)
