"""Which resources hold what cannot be made again by declaring it, and what goes with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_KUBERNETES: Final[Mapping[str, str]] = {
    "Cassandra": "its data",
    "ClickHouseInstallation": "its data",
    "ClickHouseKeeperInstallation": "its data",
    "Cluster": "its data",
    "CustomResourceDefinition": "every object of its kind",
    "FlinkDeployment": "its state since the last savepoint",
    "Kafka": "every topic of the cluster",
    "KafkaNodePool": "the brokers' volumes",
    "KafkaTopic": "its messages",
    "MinIOTenant": "its objects",
    "Namespace": "everything in it",
    "PerconaServerMySQL": "its data",
    "PersistentVolume": "its data",
    "PersistentVolumeClaim": "its data",
    "RedisCluster": "its data",
    "StatefulSet": "its pods' identity, and their volumes unless they are retained",
    "Tenant": "its objects",
    "VMCluster": "its metrics",
    "VMSingle": "its metrics",
}
"""What is lost with a Kubernetes object of a kind, whatever API group it is of."""

_OTHER: Final[Mapping[str, str]] = {
    "aws:backup/vault": "its recovery points",
    "aws:dynamodb/table": "its items",
    "aws:ebs/volume": "its data",
    "aws:ecr/repository": "its images",
    "aws:efs/fileSystem": "its files",
    "aws:eks/cluster": "everything that runs in it",
    "aws:elasticache/": "its data",
    "aws:kinesis/stream": "its records",
    "aws:kms/key": "whatever is encrypted with it",
    "aws:msk/cluster": "its topics",
    "aws:opensearch/domain": "its data",
    "aws:rds/": "its data",
    "aws:redshift/cluster": "its data",
    "aws:route53/zone": "its records",
    "aws:s3/bucket:": "its objects",
    "aws:s3/bucketV2": "its objects",
    "aws:secretsmanager/secret:": "its value",
    "aws:sns/topic:": "its subscriptions",
    "aws:sqs/queue:": "its messages",
    "random:": "the value that was generated; another one takes its place",
    "tls:": "the key that was generated; another one takes its place",
}
"""What is lost with a resource of a type that begins like this."""


def holds(type_: str) -> str:
    """Say what is lost when a resource of a type is deleted or replaced; empty when it can simply be made again."""
    if type_.startswith("kubernetes:"):
        return _KUBERNETES.get(type_.rpartition(":")[2], "")
    return next((what for start, what in _OTHER.items() if type_.startswith(start)), "")
