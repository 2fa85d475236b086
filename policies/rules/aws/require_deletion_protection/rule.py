from __future__ import annotations

from collections.abc import Iterator

from policies.aws.flags import unset
from policies.aws.stores import DELETION_PROTECTED
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.whole import judged, keeps_data, of_types

_BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
_FORCE = {
    **dict.fromkeys(_BUCKETS, "forceDestroy"),
    "aws:ecr/repository:Repository": "forceDelete",
    "aws:backup/vault:Vault": "forceDestroy",
    "aws:rds/instance:Instance": "skipFinalSnapshot",
    "aws:rds/cluster:Cluster": "skipFinalSnapshot",
    "aws:docdb/cluster:Cluster": "skipFinalSnapshot",
    "aws:neptune/cluster:Cluster": "skipFinalSnapshot",
    "aws:redshift/cluster:Cluster": "skipFinalSnapshot",
}


@rule(
    id="AWS-033",
    title="Require what holds state to be protected from deletion",
    severity=Severity.HIGH,
    topics=("recovery", "databases", "storage"),
    frameworks=("aws-foundational-security:RDS.8", "aws-foundational-security:ELB.6"),
    applies_to=WholeStack(),
    rationale=(
        "A rename or a wrong stack is enough to have a program delete a database. Pulumi's own protection ends with the"
        " state file; AWS's holds whoever calls. A bucket that is deleted by force takes its objects along."
    ),
    remediation=(
        "Set deletionProtection (or the property that the finding points to) to true, and neither forceDestroy nor"
        " skipFinalSnapshot."
    ),
)
def require_deletion_protection(stack: Stack) -> Iterator[Violation]:
    """One violation for each store that AWS would delete, or that would go without a trace, where data is kept."""
    if keeps_data(stack):
        yield from judged(of_types(stack, {*DELETION_PROTECTED, *_FORCE}), _protected)


def _protected(store: Resource) -> Iterator[Violation]:
    if store.type in DELETION_PROTECTED:
        yield from unset(DELETION_PROTECTED, store, "AWS would delete it at once")
    force = _FORCE.get(store.type)
    if force and _is_on(store.root[force]):
        yield Violation(force, f"{force} lets its content go with it")


def _is_on(node: Node) -> bool:
    return node.boolean() is True
