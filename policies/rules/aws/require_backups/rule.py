from __future__ import annotations

from collections.abc import Iterator

from policies.aws.flags import unset
from policies.aws.stores import BACKED_UP
from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged, of_types

_FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
_FILE_POLICY = "aws:efs/backupPolicy:BackupPolicy"
_CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
_CACHE_NODE = "aws:elasticache/cluster:Cluster"
_REPLICAS = ("replicateSourceDb", "replicationSourceIdentifier", "globalReplicationGroupId", "replicationGroupId")


@rule(
    id="AWS-031",
    title="Require data stores to be backed up for a week",
    severity=Severity.HIGH,
    topics=("recovery", "databases"),
    frameworks=("aws-foundational-security:RDS.11", "aws-foundational-security:DynamoDB.2"),
    applies_to=WholeStack(),
    rationale=(
        "A wrong delete or a bad release is often noticed days later. AWS keeps backups for one day or for none unless"
        " it is told otherwise."
    ),
    remediation=(
        "Keep backups for 7 days at least (backupRetentionPeriod, snapshotRetentionLimit), turn on point-in-time"
        " recovery for tables, and give file systems a BackupPolicy that is ENABLED."
    ),
)
def require_backups(stack: Stack) -> Iterator[Violation]:
    """One violation for each store that is not backed up, or not for so long; replicas are not judged."""
    policies, systems = of_types(stack, (_FILE_POLICY,)), len(of_types(stack, (_FILE_SYSTEM,)))

    def backed_up(store: Resource) -> Iterator[Violation]:
        if store.type != _CACHE and any(not store.root[key].known() or store.root[key].exists() for key in _REPLICAS):
            return
        if store.type in (_CACHE, _CACHE_NODE):
            yield from _cache(store)
        elif store.type == _FILE_SYSTEM:
            yield from _file_system(store, policies, systems)
        else:
            yield from unset(BACKED_UP, store, "nothing can be put back to a week ago")

    yield from judged(of_types(stack, {*BACKED_UP, _FILE_SYSTEM, _CACHE, _CACHE_NODE}), backed_up)


def _cache(store: Resource) -> Iterator[Violation]:
    if store.root["engine"].text() == "memcached" or store.root["globalReplicationGroupId"].exists():
        return
    limit = store.root["snapshotRetentionLimit"]
    if (limit.integer() or 0) < 1:
        # A cache is filled again from its source, so that one day is enough to survive a bad release.
        yield Violation(limit.path, "nothing of the cache can be put back")


def _file_system(store: Resource, policies: list[Resource], systems: int) -> Iterator[Violation]:
    # The identifier of a file system is known only when it is there; until then reading it says so.
    targets = [policy.root["fileSystemId"].text() for policy in policies]
    named = (store.name, store.root["creationToken"].text())
    own = [policy for policy, target in zip(policies, targets, strict=True) if target in named]
    enabled = [policy for policy in own or policies if policy.root.at("backupPolicy", "status").text() == "ENABLED"]
    if not enabled or (not own and len(enabled) < systems):
        yield Violation("", "no BackupPolicy backs up the file system")
