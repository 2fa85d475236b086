"""What the rules about data stores have to know of each type: which properties say what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from policies.aws.tokens import versions_of
from policies.node import Node

Path = tuple[str, ...]
"""Keys from the root to a property; `*` goes through each element of a list."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A property, and the values with which it says yes.

    Attributes:
        path: Where it stands.
        good: Whether a value says yes; by default the boolean true.
        missing_is_good: Whether AWS does it anyway unless the property says no.
    """

    path: Path
    good: Callable[[Node], bool] = lambda node: node.boolean() is True
    missing_is_good: bool = False


def one_of(*values: str) -> Callable[[Node], bool]:
    """A test whether a property is one of some texts."""
    return lambda node: node.text() in values


def at_least(number: int) -> Callable[[Node], bool]:
    """A test whether a property is a whole number not below the given one."""
    return lambda node: (value := node.integer()) is not None and value >= number


def between(least: int, most: int) -> Callable[[Node], bool]:
    """A test whether a property is a whole number from the one to the other."""
    return lambda node: (value := node.integer()) is not None and least <= value <= most


def filled(node: Node) -> bool:
    """Whether a list holds anything, or a text is not empty."""
    return bool(node.items()) or bool(node.text())


def nodes_at(root: Node, path: Path) -> Iterator[Node]:
    """The nodes at a path; several if it goes through a list, one that reads as absent if there is nothing."""
    if not path:
        yield root
        return
    key, rest = path[0], path[1:]
    if key == "*":
        for item in root.items():
            yield from nodes_at(item, rest)
    else:
        yield from nodes_at(root[key], rest)


ENCRYPTED: Final[dict[str, tuple[Flag, ...]]] = {
    "aws:rds/instance:Instance": (Flag(("storageEncrypted",)),),
    "aws:rds/cluster:Cluster": (Flag(("storageEncrypted",)),),
    "aws:rds/globalCluster:GlobalCluster": (Flag(("storageEncrypted",)),),
    "aws:docdb/cluster:Cluster": (Flag(("storageEncrypted",)),),
    "aws:neptune/cluster:Cluster": (Flag(("storageEncrypted",)),),
    "aws:redshift/cluster:Cluster": (Flag(("encrypted",)),),
    "aws:elasticache/replicationGroup:ReplicationGroup": (Flag(("atRestEncryptionEnabled",)),),
    "aws:opensearch/domain:Domain": (Flag(("encryptAtRest", "enabled")),),
    "aws:elasticsearch/domain:Domain": (Flag(("encryptAtRest", "enabled")),),
    "aws:dax/cluster:Cluster": (Flag(("serverSideEncryption", "enabled")),),
    "aws:efs/fileSystem:FileSystem": (Flag(("encrypted",)),),
    "aws:ebs/volume:Volume": (Flag(("encrypted",)),),
    "aws:ebs/snapshotCopy:SnapshotCopy": (Flag(("encrypted",)),),
    "aws:ebs/encryptionByDefault:EncryptionByDefault": (Flag(("enabled",), missing_is_good=True),),
    "aws:ec2/instance:Instance": (
        Flag(("rootBlockDevice", "encrypted")),
        Flag(("ebsBlockDevices", "*", "encrypted")),
    ),
    "aws:ec2/launchConfiguration:LaunchConfiguration": (
        Flag(("rootBlockDevice", "encrypted")),
        Flag(("ebsBlockDevices", "*", "encrypted")),
    ),
    "aws:kinesis/stream:Stream": (Flag(("encryptionType",), one_of("KMS")),),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": (Flag(("serverSideEncryption", "enabled")),),
    "aws:sqs/queue:Queue": (Flag(("sqsManagedSseEnabled",)),),
    "aws:ec2/amiCopy:AmiCopy": (Flag(("encrypted",)),),
    "aws:docdb/globalCluster:GlobalCluster": (Flag(("storageEncrypted",)),),
    "aws:appsync/apiCache:ApiCache": (Flag(("atRestEncryptionEnabled",)),),
    "aws:workspaces/workspace:Workspace": (
        Flag(("rootVolumeEncryptionEnabled",)),
        Flag(("userVolumeEncryptionEnabled",)),
    ),
    "aws:sns/topic:Topic": (Flag(("kmsMasterKeyId",), filled),),
}
"""Whether a store is encrypted at all. What AWS always encrypts (DynamoDB, MSK, log groups) is not listed."""

KEYS: Final[dict[str, tuple[Path, ...]]] = {
    "aws:rds/instance:Instance": (("kmsKeyId",),),
    "aws:rds/cluster:Cluster": (("kmsKeyId",),),
    "aws:rds/clusterActivityStream:ClusterActivityStream": (("kmsKeyId",),),
    "aws:docdb/cluster:Cluster": (("kmsKeyId",),),
    "aws:neptune/cluster:Cluster": (("kmsKeyArn",),),
    "aws:redshift/cluster:Cluster": (("kmsKeyId",),),
    "aws:elasticache/replicationGroup:ReplicationGroup": (("kmsKeyId",),),
    "aws:elasticache/serverlessCache:ServerlessCache": (("kmsKeyId",),),
    "aws:memorydb/cluster:Cluster": (("kmsKeyArn",),),
    "aws:opensearch/domain:Domain": (("encryptAtRest", "kmsKeyId"),),
    "aws:elasticsearch/domain:Domain": (("encryptAtRest", "kmsKeyId"),),
    "aws:msk/cluster:Cluster": (("encryptionInfo", "encryptionAtRestKmsKeyArn"),),
    "aws:efs/fileSystem:FileSystem": (("kmsKeyId",),),
    "aws:fsx/lustreFileSystem:LustreFileSystem": (("kmsKeyId",),),
    "aws:ebs/volume:Volume": (("kmsKeyId",),),
    "aws:ebs/snapshotCopy:SnapshotCopy": (("kmsKeyId",),),
    "aws:dynamodb/table:Table": (("serverSideEncryption", "kmsKeyArn"),),
    "aws:dynamodb/tableReplica:TableReplica": (("kmsKeyArn",),),
    "aws:kinesis/stream:Stream": (("kmsKeyId",),),
    "aws:sqs/queue:Queue": (("kmsMasterKeyId",),),
    "aws:sns/topic:Topic": (("kmsMasterKeyId",),),
    "aws:cloudwatch/logGroup:LogGroup": (("kmsKeyId",),),
    "aws:timestreamwrite/database:Database": (("kmsKeyId",),),
    "aws:backup/vault:Vault": (("kmsKeyArn",),),
    "aws:cloudtrail/trail:Trail": (("kmsKeyId",),),
    "aws:dms/replicationInstance:ReplicationInstance": (("kmsKeyArn",),),
    "aws:ecr/repository:Repository": (("encryptionConfigurations", "*", "kmsKey"),),
    **dict.fromkeys(
        (
            "aws:cloudtrail/eventDataStore:EventDataStore",
            "aws:ec2/amiCopy:AmiCopy",
            "aws:fsx/ontapFileSystem:OntapFileSystem",
            "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
            "aws:fsx/windowsFileSystem:WindowsFileSystem",
            "aws:imagebuilder/component:Component",
            "aws:kinesis/videoStream:VideoStream",
            "aws:redshift/snapshotCopyGrant:SnapshotCopyGrant",
            "aws:redshiftserverless/namespace:Namespace",
            "aws:sagemaker/domain:Domain",
            "aws:sagemaker/notebookInstance:NotebookInstance",
        ),
        (("kmsKeyId",),),
    ),
    **dict.fromkeys(
        (
            "aws:dms/endpoint:Endpoint",
            "aws:dms/s3Endpoint:S3Endpoint",
            "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
            "aws:scheduler/schedule:Schedule",
        ),
        (("kmsKeyArn",),),
    ),
}
"""Where a store names the key that encrypts it."""

IN_TRANSIT: Final[dict[str, tuple[Flag, ...]]] = {
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        Flag(("transitEncryptionEnabled",)),
        Flag(("transitEncryptionMode",), one_of("required"), missing_is_good=True),
    ),
    "aws:memorydb/cluster:Cluster": (Flag(("tlsEnabled",), missing_is_good=True),),
    "aws:opensearch/domain:Domain": (Flag(("domainEndpointOptions", "enforceHttps")),),
    "aws:elasticsearch/domain:Domain": (Flag(("domainEndpointOptions", "enforceHttps")),),
    "aws:cloudsearch/domain:Domain": (Flag(("endpointOptions", "enforceHttps")),),
    "aws:appsync/apiCache:ApiCache": (Flag(("transitEncryptionEnabled",)),),
    "aws:transfer/server:Server": (
        Flag(("protocols",), lambda node: all(item.text() != "FTP" for item in node.items()), missing_is_good=True),
    ),
    "aws:msk/cluster:Cluster": (
        Flag(("encryptionInfo", "encryptionInTransit", "clientBroker"), one_of("TLS"), missing_is_good=True),
    ),
    "aws:dax/cluster:Cluster": (Flag(("clusterEndpointEncryptionType",), one_of("TLS")),),
    "aws:rds/proxy:Proxy": (Flag(("requireTls",)),),
}
"""Whether a store refuses to be talked to in clear."""

BETWEEN_NODES: Final[dict[str, tuple[Flag, ...]]] = {
    "aws:opensearch/domain:Domain": (Flag(("nodeToNodeEncryption", "enabled")),),
    "aws:elasticsearch/domain:Domain": (Flag(("nodeToNodeEncryption", "enabled")),),
    "aws:msk/cluster:Cluster": (Flag(("encryptionInfo", "encryptionInTransit", "inCluster"), missing_is_good=True),),
}
"""Whether a store's own nodes talk to each other over TLS."""

_NEW_TLS: Final = one_of("Policy-Min-TLS-1-2-2019-07", "Policy-Min-TLS-1-2-PFS-2023-10")
TLS_VERSIONS: Final[dict[str, tuple[Flag, ...]]] = {
    "aws:opensearch/domain:Domain": (Flag(("domainEndpointOptions", "tlsSecurityPolicy"), _NEW_TLS),),
    "aws:elasticsearch/domain:Domain": (Flag(("domainEndpointOptions", "tlsSecurityPolicy"), _NEW_TLS),),
    "aws:cloudsearch/domain:Domain": (Flag(("endpointOptions", "tlsSecurityPolicy"), _NEW_TLS),),
}
"""Whether a store takes no TLS before 1.2, where it takes older ones unless told."""

PRIVATE: Final[dict[str, tuple[Flag, ...]]] = {
    **dict.fromkeys(
        (
            "aws:rds/instance:Instance",
            "aws:rds/cluster:Cluster",
            "aws:rds/clusterInstance:ClusterInstance",
            "aws:neptune/clusterInstance:ClusterInstance",
            "aws:mq/broker:Broker",
            "aws:dms/replicationInstance:ReplicationInstance",
            "aws:redshift/cluster:Cluster",
            "aws:redshiftserverless/workgroup:Workgroup",
        ),
        (Flag(("publiclyAccessible",), lambda node: node.boolean() is False, missing_is_good=True),),
    ),
    "aws:msk/cluster:Cluster": (
        Flag(
            ("brokerNodeGroupInfo", "connectivityInfo", "publicAccess", "type"),
            one_of("DISABLED"),
            missing_is_good=True,
        ),
    ),
    "aws:opensearch/domain:Domain": (Flag(("vpcOptions", "subnetIds"), filled),),
    "aws:elasticsearch/domain:Domain": (Flag(("vpcOptions", "subnetIds"), filled),),
    "aws:ec2/instance:Instance": (
        Flag(("associatePublicIpAddress",), lambda node: node.boolean() is False, missing_is_good=True),
    ),
    "aws:ec2/launchConfiguration:LaunchConfiguration": (
        Flag(("associatePublicIpAddress",), lambda node: node.boolean() is False, missing_is_good=True),
    ),
    "aws:ec2/subnet:Subnet": (
        Flag(("mapPublicIpOnLaunch",), lambda node: node.boolean() is False, missing_is_good=True),
    ),
    "aws:transfer/server:Server": (Flag(("endpointType",), one_of("VPC", "VPC_ENDPOINT")),),
    "aws:emr/blockPublicAccessConfiguration:BlockPublicAccessConfiguration": (
        Flag(("blockPublicSecurityGroupRules",)),
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": (
        Flag(
            ("networkInterfaces", "*", "associatePublicIpAddress"),
            # Of this type the property is text in Pulumi.
            lambda node: node.boolean() is False or node.text() == "false",
            missing_is_good=True,
        ),
    ),
}
"""Whether what holds data, or runs beside it, is out of reach from the internet."""

_WEEK: Final = 7
_MOST: Final = 35
"""Days for which RDS, DocumentDB and Neptune keep automated backups at most; they refuse more."""

BACKED_UP: Final[dict[str, tuple[Flag, ...]]] = {
    "aws:rds/instance:Instance": (Flag(("backupRetentionPeriod",), between(_WEEK, _MOST)),),
    "aws:rds/cluster:Cluster": (Flag(("backupRetentionPeriod",), between(_WEEK, _MOST)),),
    "aws:docdb/cluster:Cluster": (Flag(("backupRetentionPeriod",), between(_WEEK, _MOST)),),
    "aws:neptune/cluster:Cluster": (Flag(("backupRetentionPeriod",), between(_WEEK, _MOST)),),
    "aws:redshift/cluster:Cluster": (Flag(("automatedSnapshotRetentionPeriod",), at_least(_WEEK)),),
    "aws:memorydb/cluster:Cluster": (Flag(("snapshotRetentionLimit",), at_least(_WEEK)),),
    "aws:dynamodb/table:Table": (Flag(("pointInTimeRecovery", "enabled")),),
    "aws:dynamodb/tableReplica:TableReplica": (Flag(("pointInTimeRecovery",)),),
}
"""Whether a store can be put back to a week ago."""

SEVERAL_ZONES: Final[dict[str, tuple[Flag, ...]]] = {
    "aws:rds/instance:Instance": (Flag(("multiAz",)),),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        Flag(("automaticFailoverEnabled",)),
        Flag(("multiAzEnabled",)),
    ),
    "aws:opensearch/domain:Domain": (Flag(("clusterConfig", "zoneAwarenessEnabled")),),
    "aws:elasticsearch/domain:Domain": (Flag(("clusterConfig", "zoneAwarenessEnabled")),),
    "aws:memorydb/cluster:Cluster": (Flag(("numReplicasPerShard",), at_least(1), missing_is_good=True),),
    "aws:dms/replicationInstance:ReplicationInstance": (Flag(("multiAz",)),),
    "aws:mq/broker:Broker": (Flag(("deploymentMode",), one_of("ACTIVE_STANDBY_MULTI_AZ", "CLUSTER_MULTI_AZ")),),
}
"""Whether a store outlives the loss of one zone."""

DELETION_PROTECTED: Final[dict[str, tuple[Flag, ...]]] = {
    **dict.fromkeys(
        (
            "aws:rds/instance:Instance",
            "aws:rds/cluster:Cluster",
            "aws:rds/globalCluster:GlobalCluster",
            "aws:docdb/cluster:Cluster",
            "aws:neptune/cluster:Cluster",
            "aws:eks/cluster:Cluster",
        ),
        (Flag(("deletionProtection",)),),
    ),
    "aws:dynamodb/table:Table": (Flag(("deletionProtectionEnabled",)),),
    "aws:cognito/userPool:UserPool": (Flag(("deletionProtection",), one_of("ACTIVE")),),
    **dict.fromkeys(versions_of("aws:lb/loadBalancer:LoadBalancer"), (Flag(("enableDeletionProtection",)),)),
}
"""Whether AWS itself refuses to delete it."""
