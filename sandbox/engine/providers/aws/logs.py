# ruff: noqa: ARG002  # adapters share one interface, and few types need all of it
"""CloudWatch log groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.engine.providers.aws.adapter import TAGS, Adapter, Identity, changed
from sandbox.engine.providers.aws.calls import Calls
from sandbox.engine.providers.aws.fields import Field
from sandbox.engine.values import Json, PropertyMap

_GONE = ("ResourceNotFoundException",)

_RETENTIONS = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288)
"""Days that CloudWatch accepts, from the CloudFormation schema of AWS::Logs::LogGroup; 0 keeps events for ever."""


class LogGroup(Adapter):
    """A log group."""

    type = "aws:cloudwatch/logGroup:LogGroup"
    service = "logs"
    identity: Identity = "named"
    name = ("name",)
    results = ("arn",)
    fields: Mapping[str, Field] = {
        "kmsKeyId": Field(longest=256),
        "logGroupClass": Field(
            replaces=True, default="STANDARD", choices=("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")
        ),
        "name": Field(required=True, replaces=True, longest=512, pattern=r"^[.\-_/#A-Za-z0-9]+$"),
        "retentionInDays": Field("integer", default=0, choices=(*_RETENTIONS, 3653)),
        "skipDestroy": Field("boolean", local=True, default=False),
        **TAGS,
    }
    constants: Mapping[str, Json] = {"deletionProtectionEnabled": False, "namePrefix": ""}

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Look for a log group of the name."""
        return str(inputs["name"]) if self._get(aws, inputs["name"]) else None

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the log group."""
        aws.once(
            "logs",
            "create_log_group",
            logGroupName=inputs["name"],
            kmsKeyId=inputs.get("kmsKeyId"),
            logGroupClass=inputs["logGroupClass"],
            tags=dict(tags),
        )
        return str(inputs["name"])

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Set retention and key."""
        days = new["retentionInDays"]
        if days and changed(new, old, "retentionInDays"):
            aws.call("logs", "put_retention_policy", logGroupName=id, retentionInDays=days)
        elif old is not None and changed(new, old, "retentionInDays"):
            aws.call("logs", "delete_retention_policy", logGroupName=id)
        if old is not None and changed(new, old, "kmsKeyId"):
            if new.get("kmsKeyId"):
                aws.call("logs", "associate_kms_key", logGroupName=id, kmsKeyId=new["kmsKeyId"])
            else:
                aws.call("logs", "disassociate_kms_key", logGroupName=id)

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the log group."""
        group = self._get(aws, id)
        if group is None:
            return None
        found = {
            "arn": group["arn"].removesuffix(":*"),
            "kmsKeyId": group.get("kmsKeyId"),
            "logGroupClass": group.get("logGroupClass", "STANDARD"),
            "name": id,
            "retentionInDays": group.get("retentionInDays", 0),
        }
        return {key: value for key, value in found.items() if value is not None}

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the log group unless `skipDestroy` keeps it."""
        if not inputs.get("skipDestroy"):
            aws.get("logs", "delete_log_group", _GONE, logGroupName=id)

    def live_tags(self, aws: Calls, id: str) -> dict[str, str]:
        """Return the log group's tags."""
        return dict(aws.call("logs", "list_tags_for_resource", resourceArn=_arn(aws, id)).get("tags", {}))

    def put_tags(self, aws: Calls, id: str, tags: Mapping[str, str], removed: list[str]) -> None:
        """Set and remove tags."""
        if removed:
            aws.call("logs", "untag_resource", resourceArn=_arn(aws, id), tagKeys=removed)
        if tags:
            aws.call("logs", "tag_resource", resourceArn=_arn(aws, id), tags=dict(tags))

    def _get(self, aws: Calls, name: str) -> dict[str, Any] | None:
        groups = aws.pages("logs", "describe_log_groups", "logGroups", "nextToken", logGroupNamePrefix=name)
        return next((group for group in groups if group["logGroupName"] == name), None)


def _arn(aws: Calls, name: str) -> str:
    return f"arn:{aws.partition}:logs:{aws.region}:{aws.account}:log-group:{name}"
