"""One plain life of each adapted type: what to create, what to change, and what somebody else may break."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ASSUME = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)
DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'
OTHER_DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}]}'
EXPIRE = (
    '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"imageCountMoreThan",'
    '"countNumber":5},"action":{"type":"expire"}}]}'
)

Made = Mapping[str, Any]
"""What was made before, by role."""

Client = Callable[[str], Any]


def bucket_policy(name: str, action: str = "s3:*") -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Principal": {"AWS": "*"},
                    "Action": action,
                    "Resource": f"arn:aws:s3:::{name}/*",
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "logging.s3.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": f"arn:aws:s3:::{name}/*",
                },
            ],
        }
    )


@dataclass(frozen=True)
class Case:
    """One type's life.

    Attributes:
        type: its token.
        inputs: the inputs to create with, from a unique word and what was made before.
        changed: other inputs for an update in place; None when every change replaces.
        needs: the types that must exist before.
        break_it: changes the live thing by hand, given clients, its id and its outputs; None when nothing can be.
        drifted: the inputs in which the drift must show.
    """

    type: str
    inputs: Callable[[str, Made], dict[str, Any]]
    changed: Callable[[str, Made], dict[str, Any]] | None = None
    needs: tuple[str, ...] = ()
    break_it: Callable[[Client, str, dict[str, Any]], object] | None = None
    drifted: tuple[str, ...] = field(default=())


BUCKET = "aws:s3/bucket:Bucket"
KEY = "aws:kms/key:Key"
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
SECRET = "aws:secretsmanager/secret:Secret"
REPOSITORY = "aws:ecr/repository:Repository"
VPC = "aws:ec2/vpc:Vpc"


def _on_bucket(settings: dict[str, Any]) -> Callable[[str, Made], dict[str, Any]]:
    return lambda _, made: {"bucket": made[BUCKET].id, **settings}


def _rule(days: int) -> dict[str, Any]:
    return {
        "id": "age",
        "status": "Enabled",
        "filter": {"prefix": "raw/"},
        "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}, {"days": days, "storageClass": "GLACIER"}],
        "noncurrentVersionExpiration": {"noncurrentDays": 30},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    }


_EXPIRE = {"expiration": {"days": 1}}

_ALL_BLOCKED = dict.fromkeys(
    ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
)

_HTTPS = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8", "192.168.0.0/16"]}

CASES = (
    Case(
        KEY,
        lambda word, _: {"description": word, "deletionWindowInDays": 7, "enableKeyRotation": True, "tags": {"a": "1"}},
        lambda word, _: {"description": f"{word} 2", "deletionWindowInDays": 8, "tags": {"a": "2", "b": "3"}},
        break_it=lambda client, id, _: client("kms").disable_key(KeyId=id),
        drifted=("isEnabled",),
    ),
    Case(
        "aws:kms/alias:Alias",
        lambda word, made: {"name": f"alias/{word}", "targetKeyId": made[KEY].outputs["keyId"]},
        lambda word, made: {"name": f"alias/{word}", "targetKeyId": made["other"].outputs["arn"]},
        needs=(KEY,),
    ),
    Case(
        BUCKET,
        lambda word, _: {"bucket": word, "tags": {"a": "1"}},
        lambda word, _: {"bucket": word, "forceDestroy": True, "tags": {"a": "2"}},
        break_it=lambda client, id, _: client("s3").put_bucket_tagging(
            Bucket=id, Tagging={"TagSet": [{"Key": "hand", "Value": "made"}]}
        ),
        drifted=("tags", "tagsAll"),
    ),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        _on_bucket({"versioningConfiguration": {"status": "Enabled"}}),
        _on_bucket({"versioningConfiguration": {"status": "Suspended"}}),
        needs=(BUCKET,),
        break_it=lambda client, id, _: client("s3").put_bucket_versioning(
            Bucket=id, VersioningConfiguration={"Status": "Suspended"}
        ),
        drifted=("versioningConfiguration",),
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda _, made: {
            "bucket": made[BUCKET].id,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": made[KEY].outputs["arn"],
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        _on_bucket({"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]}),
        needs=(BUCKET, KEY),
        break_it=lambda client, id, _: client("s3").put_bucket_encryption(
            Bucket=id,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        ),
        drifted=("rules",),
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda _, made: {"bucket": made[BUCKET].id, "policy": bucket_policy(made[BUCKET].id)},
        lambda _, made: {"bucket": made[BUCKET].id, "policy": bucket_policy(made[BUCKET].id, "s3:GetObject")},
        needs=(BUCKET,),
        break_it=lambda client, id, _: client("s3").put_bucket_policy(
            Bucket=id, Policy=bucket_policy(id, "s3:PutObject")
        ),
        drifted=("policy",),
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        _on_bucket(_ALL_BLOCKED),
        _on_bucket({**_ALL_BLOCKED, "ignorePublicAcls": False}),
        needs=(BUCKET,),
        break_it=lambda client, id, _: client("s3").put_public_access_block(
            Bucket=id, PublicAccessBlockConfiguration={"BlockPublicAcls": True}
        ),
        drifted=("blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"),
    ),
    Case(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        _on_bucket({"rule": {"objectOwnership": "BucketOwnerEnforced"}}),
        _on_bucket({"rule": {"objectOwnership": "ObjectWriter"}}),
        needs=(BUCKET,),
        break_it=lambda client, id, _: client("s3").put_bucket_ownership_controls(
            Bucket=id, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        ),
        drifted=("rule",),
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        _on_bucket({"rules": [_rule(90), {"id": "all", "status": "Enabled", "filter": {"prefix": ""}, **_EXPIRE}]}),
        _on_bucket({"rules": [_rule(120), {"id": "tmp", "status": "Enabled", **_EXPIRE}]}),
        needs=(BUCKET,),
        break_it=lambda client, id, _: client("s3").put_bucket_lifecycle_configuration(
            Bucket=id,
            LifecycleConfiguration={
                "Rules": [{"ID": "hand", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}}]
            },
        ),
        drifted=("rules",),
    ),
    Case(
        "aws:s3/bucketLogging:BucketLogging",
        lambda _, made: {"bucket": made[BUCKET].id, "targetBucket": made[BUCKET].id, "targetPrefix": "log/"},
        lambda _, made: {"bucket": made[BUCKET].id, "targetBucket": made[BUCKET].id, "targetPrefix": "logs/"},
        needs=(BUCKET, "aws:s3/bucketPolicy:BucketPolicy"),
    ),
    Case(
        ROLE,
        lambda word, _: {"name": word, "assumeRolePolicy": ASSUME, "description": "one", "tags": {"a": "1"}},
        lambda word, _: {"name": word, "assumeRolePolicy": ASSUME, "maxSessionDuration": 7200},
        break_it=lambda client, id, _: client("iam").update_role(
            RoleName=id, Description="one", MaxSessionDuration=3700
        ),
        drifted=("maxSessionDuration",),
    ),
    Case(
        POLICY,
        lambda word, _: {"name": word, "policy": DOCUMENT, "path": "/platform/", "tags": {"a": "1"}},
        lambda word, _: {"name": word, "policy": OTHER_DOCUMENT, "path": "/platform/"},
        break_it=lambda client, id, _: client("iam").create_policy_version(
            PolicyArn=id, PolicyDocument=OTHER_DOCUMENT, SetAsDefault=True
        ),
        drifted=("policy",),
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda word, made: {"name": word, "role": made[ROLE].id, "policy": DOCUMENT},
        lambda word, made: {"name": word, "role": made[ROLE].id, "policy": OTHER_DOCUMENT},
        needs=(ROLE,),
        break_it=lambda client, _, outputs: client("iam").put_role_policy(
            RoleName=outputs["role"], PolicyName=outputs["name"], PolicyDocument=OTHER_DOCUMENT
        ),
        drifted=("policy",),
    ),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda _, made: {"role": made[ROLE].id, "policyArn": made[POLICY].outputs["arn"]},
        needs=(ROLE, POLICY),
    ),
    Case(
        SECRET,
        lambda word, _: {"name": word, "recoveryWindowInDays": 0, "description": "one", "tags": {"a": "1"}},
        lambda word, _: {"name": word, "recoveryWindowInDays": 0, "description": "two"},
        break_it=lambda client, id, _: client("secretsmanager").update_secret(SecretId=id, Description="hand"),
        drifted=("description",),
    ),
    Case(
        "aws:secretsmanager/secretVersion:SecretVersion",
        lambda word, made: {"secretId": made[SECRET].id, "secretString": f"value-{word}"},
        needs=(SECRET,),
    ),
    Case(
        REPOSITORY,
        lambda word, _: {
            "name": word,
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "tags": {"a": "1"},
        },
        lambda word, _: {"name": word, "imageTagMutability": "MUTABLE", "forceDelete": True},
        break_it=lambda client, id, _: client("ecr").put_image_tag_mutability(
            repositoryName=id, imageTagMutability="MUTABLE"
        ),
        drifted=("imageTagMutability",),
    ),
    Case(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        lambda _, made: {"repository": made[REPOSITORY].id, "policy": EXPIRE},
        needs=(REPOSITORY,),
    ),
    Case(
        "aws:sqs/queue:Queue",
        lambda word, _: {
            "name": word,
            "visibilityTimeoutSeconds": 60,
            "sqsManagedSseEnabled": True,
            "tags": {"a": "1"},
        },
        lambda word, _: {"name": word, "visibilityTimeoutSeconds": 90, "delaySeconds": 5},
        break_it=lambda client, id, _: client("sqs").set_queue_attributes(
            QueueUrl=id, Attributes={"VisibilityTimeout": "1"}
        ),
        drifted=("visibilityTimeoutSeconds",),
    ),
    Case(
        "aws:sns/topic:Topic",
        lambda word, _: {"name": word, "displayName": "one", "tags": {"a": "1"}},
        lambda word, _: {"name": word, "displayName": "two"},
        break_it=lambda client, id, _: client("sns").set_topic_attributes(
            TopicArn=id, AttributeName="DisplayName", AttributeValue="hand"
        ),
        drifted=("displayName",),
    ),
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda word, _: {"name": f"/test/{word}", "retentionInDays": 7, "tags": {"a": "1"}},
        lambda word, _: {"name": f"/test/{word}", "retentionInDays": 30},
        break_it=lambda client, id, _: client("logs").delete_retention_policy(logGroupName=id),
        drifted=("retentionInDays",),
    ),
    Case(
        VPC,
        lambda word, _: {"cidrBlock": "10.1.0.0/16", "enableDnsHostnames": True, "tags": {"Name": word}},
        lambda word, _: {"cidrBlock": "10.1.0.0/16", "enableDnsHostnames": False, "tags": {"Name": word, "b": "2"}},
        break_it=lambda client, id, _: client("ec2").modify_vpc_attribute(
            VpcId=id, EnableDnsHostnames={"Value": False}
        ),
        drifted=("enableDnsHostnames",),
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        lambda word, made: {"vpcId": made[VPC].id, "cidrBlock": "10.1.1.0/24", "tags": {"Name": word}},
        lambda word, made: {"vpcId": made[VPC].id, "cidrBlock": "10.1.1.0/24", "mapPublicIpOnLaunch": True},
        needs=(VPC,),
        break_it=lambda client, id, _: client("ec2").modify_subnet_attribute(
            SubnetId=id, MapPublicIpOnLaunch={"Value": True}
        ),
        drifted=("mapPublicIpOnLaunch",),
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda word, made: {
            "name": word,
            "vpcId": made[VPC].id,
            "ingress": [_HTTPS, {"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}],
            "tags": {"a": "1"},
        },
        lambda word, made: {"name": word, "vpcId": made[VPC].id, "egress": [_HTTPS]},
        needs=(VPC,),
        break_it=lambda client, id, _: client("ec2").authorize_security_group_ingress(
            GroupId=id, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
        ),
        drifted=("ingress",),
    ),
)
"""Every adapted type."""

BY_TYPE = {case.type: case for case in CASES}
