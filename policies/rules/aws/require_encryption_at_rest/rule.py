from __future__ import annotations

from collections.abc import Iterator

from policies.aws.flags import types_of, unset
from policies.aws.stores import ENCRYPTED
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_REPLICAS = (
    "replicateSourceDb",
    "replicationSourceIdentifier",
    "globalReplicationGroupId",
    "sourceDbClusterIdentifier",
)
_QUEUE = "aws:sqs/queue:Queue"


@rule(
    id="AWS-026",
    title="Require data stores to be encrypted at rest",
    severity=Severity.HIGH,
    topics=("encryption", "databases", "storage"),
    frameworks=("aws-foundational-security:RDS.3", "aws-foundational-security:EC2.3", "cis-aws-3.0:2.3.1"),
    applies_to=types_of(ENCRYPTED),
    mandatory_everywhere=True,
    rationale=(
        "Disks, snapshots and backups outlive what they were made for, and are copied and shared. Encrypted they are"
        " worthless without the key. Most stores can be encrypted only when they are made."
    ),
    remediation="Set the encryption property of the type to true, when the store is first created.",
)
def require_encryption_at_rest(resource: Resource) -> Iterator[Violation]:
    """One violation for each property that leaves a store in clear.

    A replica is encrypted as its source is, and a queue with a key of KMS needs no other switch.
    """
    if any(not resource.root[key].known() or resource.root[key].exists() for key in _REPLICAS):
        return
    if resource.type == _QUEUE:
        key = resource.root["kmsMasterKeyId"]
        if not key.known() or key.text():
            return
    yield from unset(ENCRYPTED, resource, "it is stored in clear")
