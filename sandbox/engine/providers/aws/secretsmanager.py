# ruff: noqa: ARG002  # adapters share one interface, and few types need all of it
"""Secrets Manager secrets and the versions of their values."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.engine.providers.aws.adapter import TAGS, Adapter, Identity, changed
from sandbox.engine.providers.aws.calls import Calls
from sandbox.engine.providers.aws.fields import Field
from sandbox.engine.providers.aws.tags import pairs, unpaired
from sandbox.engine.values import Json, PropertyMap

_GONE = ("ResourceNotFoundException",)

_CURRENT = "AWSCURRENT"


class Secret(Adapter):
    """A secret without its value; with a recovery window of 0 it is deleted for good, else it can be restored."""

    type = "aws:secretsmanager/secret:Secret"
    service = "secretsmanager"
    identity: Identity = "named"
    name = ("name",)
    results = ("arn",)
    fields: Mapping[str, Field] = {
        # Lengths: the CloudFormation schema of AWS::SecretsManager::Secret.
        "description": Field(longest=2048),
        "forceOverwriteReplicaSecret": Field("boolean", local=True, default=False),
        "kmsKeyId": Field(longest=2048),
        "name": Field(required=True, replaces=True, longest=512, pattern=r"^[\w/+=.@!-]+$"),
        "policy": Field("json", computed=True),
        # 0, or 7 to 30 days: the SDK's documentation of this input.
        "recoveryWindowInDays": Field("integer", local=True, default=30, choices=(0, *range(7, 31))),
        **TAGS,
    }
    constants: Mapping[str, Json] = {"namePrefix": ""}

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Look for a secret of the name; one that waits for its deletion blocks the name."""
        answer = aws.get("secretsmanager", "describe_secret", _GONE, SecretId=inputs["name"])
        if answer is None:
            return None
        if answer.get("DeletedDate"):
            fix = "restore it, delete it without recovery or choose another name; recoveryWindowInDays 0 avoids this"
            raise aws.fail(f"a secret named {inputs['name']} is scheduled for deletion and blocks the name: {fix}")
        return str(answer["ARN"])

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the secret."""
        answer = aws.once(
            "secretsmanager",
            "create_secret",
            Name=inputs["name"],
            Description=inputs.get("description"),
            KmsKeyId=inputs.get("kmsKeyId"),
            Tags=pairs(tags),
        )
        return str(answer["ARN"])

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Set description, key and resource policy."""
        if old is not None and changed(new, old, "description", "kmsKeyId"):
            text = new.get("description", "")
            aws.call("secretsmanager", "update_secret", SecretId=id, Description=text, KmsKeyId=new.get("kmsKeyId"))
        if changed(new, old, "policy"):
            if new.get("policy"):
                aws.call("secretsmanager", "put_resource_policy", SecretId=id, ResourcePolicy=new["policy"])
            elif old is not None:
                aws.call("secretsmanager", "delete_resource_policy", SecretId=id)

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the secret and its resource policy."""
        answer = aws.get("secretsmanager", "describe_secret", _GONE, SecretId=id)
        if answer is None or answer.get("DeletedDate"):
            return None
        policy = aws.get("secretsmanager", "get_resource_policy", _GONE, SecretId=id) or {}
        found = {
            "arn": answer["ARN"],
            "description": answer.get("Description") or None,
            "kmsKeyId": answer.get("KmsKeyId"),
            "name": answer["Name"],
            "policy": policy.get("ResourcePolicy", ""),
        }
        return {key: value for key, value in found.items() if value is not None}

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the secret with its recovery window."""
        window = inputs.get("recoveryWindowInDays", 30)
        choice = {"RecoveryWindowInDays": window} if window else {"ForceDeleteWithoutRecovery": True}
        if self.describe(aws, id, inputs):
            aws.get("secretsmanager", "delete_secret", _GONE, SecretId=id, **choice)

    def live_tags(self, aws: Calls, id: str) -> dict[str, str]:
        """Return the secret's tags."""
        return unpaired(aws.call("secretsmanager", "describe_secret", SecretId=id).get("Tags", ()))

    def put_tags(self, aws: Calls, id: str, tags: Mapping[str, str], removed: list[str]) -> None:
        """Set and remove tags."""
        if removed:
            aws.call("secretsmanager", "untag_resource", SecretId=id, TagKeys=removed)
        if tags:
            aws.call("secretsmanager", "tag_resource", SecretId=id, Tags=pairs(tags))


class SecretVersion(Adapter):
    """A value of a secret. Its id comes from the nonce, so writing it twice is writing it once."""

    type = "aws:secretsmanager/secretVersion:SecretVersion"
    service = "secretsmanager"
    identity: Identity = "generated"
    results = ("arn", "secretArn", "versionId")
    fields: Mapping[str, Field] = {
        "secretBinary": Field(replaces=True, pattern=r"^[A-Za-z0-9+/]*={0,2}$"),
        "secretId": Field(required=True, replaces=True),
        # 65536 bytes: the CloudFormation schema of AWS::SecretsManager::Secret.
        "secretString": Field(replaces=True, longest=65536),
        "versionStages": Field("strings", computed=True, ordered=False),
    }
    constants: Mapping[str, Json] = {"hasSecretStringWo": False}
    secrets = frozenset({"secretBinary", "secretString"})

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Put the value under the id that belongs to the nonce."""
        binary = inputs.get("secretBinary")
        token = _version(aws, nonce)
        aws.once(
            "secretsmanager",
            "put_secret_value",
            SecretId=inputs["secretId"],
            ClientRequestToken=token,
            SecretString=inputs.get("secretString"),
            SecretBinary=base64.b64decode(binary) if binary is not None else None,
            VersionStages=inputs.get("versionStages"),
        )
        return f"{inputs['secretId']}|{token}"

    def created(self, aws: Calls, inputs: PropertyMap, nonce: str) -> str | None:
        """Return the version if it exists."""
        id = f"{inputs['secretId']}|{_version(aws, nonce)}"
        return id if self._get(aws, id) else None

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Move staging labels."""
        if old is None or not changed(new, old, "versionStages"):
            return
        secret, _, version = id.rpartition("|")
        answer = self._get(aws, id) or {}
        live, wanted = set(answer.get("VersionStages", ())), set(new.get("versionStages") or [_CURRENT])
        for stage in sorted(wanted - live):
            aws.call(
                "secretsmanager",
                "update_secret_version_stage",
                SecretId=secret,
                VersionStage=stage,
                MoveToVersionId=version,
                RemoveFromVersionId=self._holder(aws, secret, stage),
            )
        self._unlabel(aws, id, sorted(live - wanted))

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the value."""
        answer = self._get(aws, id)
        if answer is None:
            return None
        binary = answer.get("SecretBinary")
        found = {
            "arn": answer["ARN"],
            "secretArn": answer["ARN"],
            "secretBinary": base64.b64encode(binary).decode() if binary is not None else None,
            "secretId": id.rpartition("|")[0],
            "secretString": answer.get("SecretString"),
            "versionId": answer["VersionId"],
            "versionStages": list(answer["VersionStages"]),
        }
        return {key: value for key, value in found.items() if value is not None}

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Take the labels away, so that Secrets Manager drops the version; the current one goes with its secret."""
        answer = self._get(aws, id)
        if answer:
            self._unlabel(aws, id, answer["VersionStages"])

    def _unlabel(self, aws: Calls, id: str, stages: list[str]) -> None:
        secret, _, version = id.rpartition("|")
        for stage in stages:
            if stage != _CURRENT:  # this label can be moved but not removed
                aws.get(
                    "secretsmanager",
                    "update_secret_version_stage",
                    _GONE,
                    SecretId=secret,
                    VersionStage=stage,
                    RemoveFromVersionId=version,
                )

    def _holder(self, aws: Calls, secret: str, stage: str) -> str | None:
        answer = aws.call("secretsmanager", "describe_secret", SecretId=secret)
        stages = answer.get("VersionIdsToStages", {})
        return next((version for version, labels in stages.items() if stage in labels), None)

    def _get(self, aws: Calls, id: str) -> dict[str, Any] | None:
        secret, _, version = id.rpartition("|")
        about = aws.get("secretsmanager", "describe_secret", _GONE, SecretId=secret)
        if about is None or about.get("DeletedDate"):
            return None
        return aws.get("secretsmanager", "get_secret_value", _GONE, SecretId=secret, VersionId=version)


def _version(aws: Calls, nonce: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{aws.urn}#{nonce}"))
