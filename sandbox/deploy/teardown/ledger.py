"""What controllers and services of AWS make that the program does not declare, from what it declares.

Pulumi deletes what it made. A load balancer that a controller made for a Service, a volume that a claim asked for or a
log group that a database fills is known to nobody's state: this list says what there will be, whether the teardown
takes it along, and how to find what it left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.engine.events import StepPlanned


@dataclass(frozen=True)
class Entry:
    """Something that is there and was not declared.

    Attributes:
        thing: what it is.
        maker: who makes it, and from what.
        stays: whether it is there after the teardown.
        how: what takes it along, or why it stays.
        find: a command that finds what is left of it.
    """

    thing: str
    maker: str
    stays: bool
    how: str
    find: str


_LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"

Rule = Callable[[Mapping[str, Any]], Iterator[Entry]]


def ledger(resources: Sequence[StepPlanned]) -> list[Entry]:
    """Derive the list from what is declared."""
    found: dict[Entry, None] = {}
    own = {f"log group {each.inputs.get('name')}" for each in resources if each.type == _LOG_GROUP}
    for resource in resources:
        rule = _RULES.get(resource.type) or _KINDS.get(_kind(resource))
        if rule is not None:
            found.update(dict.fromkeys(rule(resource.inputs)))
    return sorted(
        (entry for entry in found if entry.thing not in own),
        key=lambda entry: (not entry.stays, entry.thing, entry.maker),
    )


def _kind(resource: StepPlanned) -> str:
    return str(resource.inputs.get("kind", "")) if resource.type.startswith("kubernetes:") else ""


def _name(inputs: Mapping[str, Any], key: str = "name") -> str:
    metadata = inputs.get("metadata")
    if isinstance(metadata, Mapping):
        namespace = metadata.get("namespace")
        return f"{namespace}/{metadata.get('name')}" if namespace else str(metadata.get("name"))
    return str(inputs.get(key, "?"))


_LEFT_VOLUMES = "aws ec2 describe-volumes --filters Name=status,Values=available Name=tag-key,Values=kubernetes.io/*"
_BALANCERS = "aws elbv2 describe-load-balancers; aws elb describe-load-balancers"


def _service(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    if inputs.get("spec", {}).get("type") == "LoadBalancer":
        yield Entry(
            "load balancer with its target groups and security group",
            f"the cluster's cloud controller, for Service {_name(inputs)}",
            stays=False,
            how="goes with its Service, as long as the cluster is there: the Service is deleted first",
            find=_BALANCERS,
        )


def _claim(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    yield _volume(f"claim {_name(inputs)}", 1, kept=False)


def _stateful(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    spec = inputs.get("spec", {})
    policy = spec.get("persistentVolumeClaimRetentionPolicy", {}).get("whenDeleted", "Retain")
    for template in spec.get("volumeClaimTemplates", ()):
        name = template.get("metadata", {}).get("name", "?")
        of = f"claims {name} of StatefulSet {_name(inputs)}"
        yield _volume(of, int(spec.get("replicas", 1)), kept=policy == "Retain")


def _node_pool(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    spec = inputs.get("spec", {})
    storage = spec.get("storage", {})
    volumes = storage.get("volumes", [storage])
    claims = [volume for volume in volumes if volume.get("type") == "persistent-claim"]
    for volume in claims:
        of = f"KafkaNodePool {_name(inputs)}"
        yield _volume(of, int(spec.get("replicas", 1)), kept=not volume.get("deleteClaim", False))


def _volume(of: str, count: int, *, kept: bool) -> Entry:
    how = "their claims are kept, so that the data can be mounted again; delete them when it is not needed"
    return Entry(
        f"{count} EBS volume{'s' if count != 1 else ''}",
        f"the EBS driver, for {of}",
        stays=kept,
        how=how if kept else "go with their claims, while the driver still runs",
        find=_LEFT_VOLUMES,
    )


def _cluster(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    name = _name(inputs)
    yield Entry(
        "security group and network interfaces of the control plane",
        f"EKS, for cluster {name}",
        stays=False,
        how="go with the cluster, before the network does",
        find=f"aws ec2 describe-security-groups --filters Name=group-name,Values='eks-cluster-sg-{name}-*'",
    )
    yield Entry(
        f"log group /aws/eks/{name}/cluster, again",
        f"EKS, when cluster {name} writes a last line after the declared group is gone",
        stays=True,
        how="EKS makes it without an end of retention; delete it",
        find=f"aws logs describe-log-groups --log-group-name-prefix /aws/eks/{name}/",
    )


def _node_group(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    cluster = _name(inputs, "clusterName")
    yield Entry(
        "auto scaling groups, machines, their root disks and network interfaces",
        f"EKS and the network add-on, for the node groups of {cluster}",
        stays=False,
        how="go with the node group; an interface that a machine left detached blocks its subnet until it is deleted",
        find="aws ec2 describe-network-interfaces --filters Name=status,Values=available "
        f"Name=tag:cluster.k8s.amazonaws.com/name,Values={cluster}",
    )


def _database(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    name = _name(inputs, "identifier")
    for log in inputs.get("enabledCloudwatchLogsExports") or ():
        yield Entry(
            f"log group /aws/rds/instance/{name}/{log}",
            f"RDS, for database {name}",
            stays=True,
            how="RDS makes it where the program does not, and leaves it; delete it",
            find=f"aws logs describe-log-groups --log-group-name-prefix /aws/rds/instance/{name}/",
        )
    if not _true(inputs.get("skipFinalSnapshot")):
        yield Entry(
            "last snapshot",
            f"RDS, on the deletion of database {name}",
            stays=True,
            how="it is the data; delete it when it is not needed",
            find=f"aws rds describe-db-snapshots --db-instance-identifier {name}",
        )
    if _true(inputs.get("manageMasterUserPassword")):
        yield Entry(
            "secret of the administrator's password",
            f"RDS, for database {name}",
            stays=False,
            how="goes with the database",
            find="aws secretsmanager list-secrets --filters Key=owning-service,Values=rds",
        )


def _cache(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    if inputs.get("finalSnapshotIdentifier"):
        name = _name(inputs, "replicationGroupId")
        yield Entry(
            f"snapshot {inputs['finalSnapshotIdentifier']}",
            f"ElastiCache, on the deletion of {name}",
            stays=True,
            how="it is the data; delete it when it is not needed",
            find=f"aws elasticache describe-snapshots --replication-group-id {name}",
        )


def _vault(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    name = _name(inputs)
    yield Entry(
        "recovery points",
        f"AWS Backup, in vault {name}",
        stays=True,
        how="a vault with recovery points is not deleted: they end by their plan's lifecycle, or are deleted first",
        find=f"aws backup list-recovery-points-by-backup-vault --backup-vault-name {name}",
    )


def _secret(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    days = inputs.get("recoveryWindowInDays")
    if days not in (0, "0"):
        yield Entry(
            "secrets that are marked for deletion",
            "Secrets Manager, for the declared secrets",
            stays=True,
            how=f"end after {days or 30} days; until then their names are taken",
            find="aws secretsmanager list-secrets --include-planned-deletion",
        )


def _key(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    yield Entry(
        "keys that are marked for deletion",
        "KMS, for the declared keys",
        stays=True,
        how=f"end after {inputs.get('deletionWindowInDays') or 30} days; until then it can be cancelled",
        find="aws kms list-keys",
    )


def _repository(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    if not _true(inputs.get("forceDelete")):
        yield Entry(
            "images",
            f"CI, in repository {_name(inputs)}",
            stays=True,
            how="a repository with images is not deleted: delete them first, or keep both",
            find=f"aws ecr list-images --repository-name {_name(inputs)}",
        )


def _bucket(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    if not _true(inputs.get("forceDestroy")):
        name = _name(inputs, "bucket")
        yield Entry(
            "objects and their versions",
            f"everybody who writes into bucket {name}",
            stays=True,
            how="a bucket with objects is not deleted: it is the data",
            find=f"aws s3api list-object-versions --bucket {name} --max-items 1",
        )


def _certificate(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    name = str(inputs.get("spec", {}).get("secretName", "?"))
    yield Entry(
        f"Secret {name}",
        f"cert-manager, for Certificate {_name(inputs)}",
        stays=False,
        how="goes with its namespace",
        find=f"kubectl get secret --all-namespaces --field-selector metadata.name={name}",
    )


def _external_secret(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    yield Entry(
        "Secret",
        f"external-secrets, for ExternalSecret {_name(inputs)}",
        stays=False,
        how="goes with the ExternalSecret that owns it, or with its namespace",
        find="kubectl get secret --all-namespaces",
    )


def _schedule(inputs: Mapping[str, Any]) -> Iterator[Entry]:
    yield Entry(
        "backups in the bucket, and snapshots of volumes",
        f"Velero, by Schedule {_name(inputs)}",
        stays=True,
        how="they are the recovery: they end by their time to live only while Velero runs; delete them by hand",
        find="aws ec2 describe-snapshots --owner-ids self --filters Name=tag-key,Values=velero.io/backup",
    )


def _true(value: object) -> bool:
    return value is True or value == "true"


_RULES: Mapping[str, Rule] = {
    "aws:backup/vault:Vault": _vault,
    "aws:ecr/repository:Repository": _repository,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    "aws:elasticache/replicationGroup:ReplicationGroup": _cache,
    "aws:kms/key:Key": _key,
    "aws:rds/instance:Instance": _database,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:secretsmanager/secret:Secret": _secret,
}

_KINDS: Mapping[str, Rule] = {
    "Certificate": _certificate,
    "ExternalSecret": _external_secret,
    "KafkaNodePool": _node_pool,
    "PersistentVolumeClaim": _claim,
    "Schedule": _schedule,
    "Service": _service,
    "StatefulSet": _stateful,
}
