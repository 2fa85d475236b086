"""Inputs of the recorded types of databases, caches and backups, as the program would write them, and wrong ones."""

from typing import Any

DATABASE = "aws:rds/instance:Instance"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
USER = "aws:elasticache/user:User"
PLAN = "aws:backup/plan:Plan"
SELECTION = "aws:backup/selection:Selection"
VAULT = "aws:backup/vault:Vault"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"

GOOD: dict[str, dict[str, Any]] = {
    DATABASE: {
        "identifier": "d",
        "engine": "postgres",
        "engineVersion": "17",
        "instanceClass": "db.t4g.medium",
        "allocatedStorage": 50,
        "maxAllocatedStorage": 500,
        "port": 5432,
        "multiAz": True,
        "storageEncrypted": True,
        "kmsKeyId": KEY,
        "manageMasterUserPassword": True,
        "masterUserSecretKmsKeyId": KEY,
        "vpcSecurityGroupIds": ["sg-1"],
        "enabledCloudwatchLogsExports": ["postgresql"],
        "backupWindow": "01:00-02:00",
        "skipFinalSnapshot": False,
        "tags": {"a": "1"},
    },
    "aws:rds/parameterGroup:ParameterGroup": {
        "name": "p",
        "family": "postgres17",
        "description": "d",
        "parameters": [{"name": "rds.force_ssl", "value": "1"}],
    },
    "aws:rds/subnetGroup:SubnetGroup": {"name": "s", "description": "d", "subnetIds": ["subnet-1", "subnet-2"]},
    CACHE: {
        "replicationGroupId": "c",
        "description": "d",
        "engine": "valkey",
        "engineVersion": "8.1",
        "nodeType": "cache.t4g.small",
        "numCacheClusters": 2,
        "port": 6379,
        "transitEncryptionEnabled": True,
        "transitEncryptionMode": "required",
        "userGroupIds": ["u"],
        "snapshotRetentionLimit": 7,
    },
    "aws:elasticache/parameterGroup:ParameterGroup": {"name": "p", "family": "valkey8", "description": "d"},
    "aws:elasticache/subnetGroup:SubnetGroup": {"name": "s", "description": "d", "subnetIds": ["subnet-1"]},
    USER: {
        "userId": "u",
        "userName": "u",
        "engine": "valkey",
        "accessString": "on ~* +@all",
        "authenticationMode": {"type": "password", "passwords": ["a-password-of-some-length"]},
    },
    "aws:elasticache/userGroup:UserGroup": {"userGroupId": "g", "engine": "valkey", "userIds": ["u"]},
    PLAN: {
        "name": "p",
        "rules": [
            {
                "ruleName": "daily",
                "targetVaultName": "v",
                "schedule": "cron(0 4 * * ? *)",
                "startWindow": 60,
                "completionWindow": 480,
                "lifecycle": {"deleteAfter": 35},
                "copyActions": [{"destinationVaultArn": "arn:aws:backup:x", "lifecycle": {"deleteAfter": 35}}],
            }
        ],
        "tags": {"a": "1"},
    },
    SELECTION: {
        "name": "s",
        "planId": "p",
        "iamRoleArn": "arn:aws:iam::123456789012:role/x",
        "selectionTags": [{"type": "STRINGEQUALS", "key": "Backup", "value": "database"}],
    },
    VAULT: {"name": "v-1", "kmsKeyArn": KEY, "tags": {"a": "1"}},
    LOCK: {"backupVaultName": "v-1", "minRetentionDays": 7, "changeableForDays": 3},
    "aws:backup/vaultNotifications:VaultNotifications": {
        "backupVaultName": "v-1",
        "backupVaultEvents": ["BACKUP_JOB_COMPLETED"],
        "snsTopicArn": "arn:aws:sns:us-east-1:123456789012:t",
    },
    RULE: {
        "securityGroupId": "sg-1",
        "referencedSecurityGroupId": "sg-2",
        "ipProtocol": "tcp",
        "fromPort": 5432,
        "toPort": 5432,
        "tags": {"a": "1"},
    },
}

WRONG: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    (DATABASE, {"allocatedStorage": -50}, "allocatedStorage", "does not match"),
    (DATABASE, {"multiAz": "perhaps"}, "multiAz", "'perhaps' is not of type 'boolean'"),
    (DATABASE, {"identifier": 5}, "identifier", "5 is not of type 'string'"),
    (DATABASE, {"size": 5}, "size", "has no such property"),
    (CACHE, {"description": None}, CACHE, "'ReplicationGroupDescription' is a required property"),
    (USER, {"engine": "memcached"}, "engine", "is not one of"),
    (PLAN, {"rules": [{"ruleName": "daily"}]}, "rules[0]", "'TargetBackupVault' is a required property"),
    (
        SELECTION,
        {"selectionTags": [{"type": "STRINGLIKE", "key": "k", "value": "v"}]},
        "selectionTags[0].type",
        "is not one of",
    ),
    (VAULT, {"name": "v"}, "name", "does not match"),
    (LOCK, {"minRetentionDays": None}, "LockConfiguration", "'MinRetentionDays' is a required property"),
    (RULE, {"fromPort": "x"}, "fromPort", "'x' is not of type 'integer'"),
)
