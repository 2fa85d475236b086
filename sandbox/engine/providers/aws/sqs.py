# ruff: noqa: ARG002  # adapters share one interface, and few types need all of it
"""SQS queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.engine.providers.aws.adapter import TAGS, Adapter, Identity
from sandbox.engine.providers.aws.attributes import from_attributes, to_attributes
from sandbox.engine.providers.aws.calls import Calls
from sandbox.engine.providers.aws.fields import Field
from sandbox.engine.values import Json, PropertyMap

_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


class Queue(Adapter):
    """A queue. Creating one that exists succeeds silently, so the provider looks first."""

    type = "aws:sqs/queue:Queue"
    service = "sqs"
    identity: Identity = "named"
    name = ("name",)
    results = ("arn", "url")
    fields: Mapping[str, Field] = {
        # Bounds: the CloudFormation schema of AWS::SQS::Queue; defaults: the SDK's documentation.
        "contentBasedDeduplication": Field("boolean", wire="ContentBasedDeduplication"),
        "deduplicationScope": Field(wire="DeduplicationScope", computed=True, choices=("messageGroup", "queue")),
        "delaySeconds": Field("integer", wire="DelaySeconds", default=0, low=0, high=900),
        "fifoQueue": Field("boolean", replaces=True, local=True, default=False),
        "fifoThroughputLimit": Field(
            wire="FifoThroughputLimit", computed=True, choices=("perQueue", "perMessageGroupId")
        ),
        "kmsDataKeyReusePeriodSeconds": Field(
            "integer", wire="KmsDataKeyReusePeriodSeconds", computed=True, low=60, high=86400
        ),
        "kmsMasterKeyId": Field(wire="KmsMasterKeyId"),
        "maxMessageSize": Field("integer", wire="MaximumMessageSize", computed=True, low=1024, high=1048576),
        "messageRetentionSeconds": Field(
            "integer", wire="MessageRetentionPeriod", default=345600, low=60, high=1209600
        ),
        "name": Field(required=True, replaces=True, longest=80, pattern=r"^[A-Za-z0-9_-]+(\.fifo)?$"),
        "policy": Field("json", wire="Policy", computed=True),
        "receiveWaitTimeSeconds": Field("integer", wire="ReceiveMessageWaitTimeSeconds", default=0, low=0, high=20),
        "redriveAllowPolicy": Field("json", wire="RedriveAllowPolicy", computed=True),
        "redrivePolicy": Field("json", wire="RedrivePolicy"),
        "sqsManagedSseEnabled": Field("boolean", wire="SqsManagedSseEnabled", computed=True),
        "visibilityTimeoutSeconds": Field("integer", wire="VisibilityTimeout", default=30, low=0, high=43200),
        **TAGS,
    }
    constants: Mapping[str, Json] = {
        "deduplicationScope": "",
        "fifoThroughputLimit": "",
        # The SDK documents this value as the default.
        "kmsDataKeyReusePeriodSeconds": 300,
        "namePrefix": "",
        "policy": "",
        "redriveAllowPolicy": "",
        "redrivePolicy": "",
        "sqsManagedSseEnabled": False,
    }

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Look for a queue of the name."""
        answer = aws.get("sqs", "get_queue_url", _GONE, QueueName=inputs["name"])
        return str(answer["QueueUrl"]) if answer else None

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the queue."""
        attributes = to_attributes(self.fields, inputs)
        if inputs["fifoQueue"]:
            attributes["FifoQueue"] = "true"
        answer = aws.once("sqs", "create_queue", QueueName=inputs["name"], Attributes=attributes, tags=dict(tags))
        return str(answer["QueueUrl"])

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Set the attributes that differ; one that is no longer given is set to empty, which is SQS's default."""
        if old is None:
            return
        before, after = to_attributes(self.fields, old), to_attributes(self.fields, new)
        differing = {name: after.get(name, "") for name in {*before, *after} if before.get(name) != after.get(name)}
        if differing:
            aws.call("sqs", "set_queue_attributes", QueueUrl=id, Attributes=differing)

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the attributes."""
        answer = aws.get("sqs", "get_queue_attributes", _GONE, QueueUrl=id, AttributeNames=["All"])
        if answer is None:
            return None
        found: dict[str, Any] = {key: value for key, value in answer["Attributes"].items() if value != ""}
        return {
            **from_attributes(self.fields, found),
            "arn": found["QueueArn"],
            "name": found["QueueArn"].rpartition(":")[2],
            "fifoQueue": found.get("FifoQueue") == "true",
            "url": id,
        }

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the queue."""
        aws.get("sqs", "delete_queue", _GONE, QueueUrl=id)

    def live_tags(self, aws: Calls, id: str) -> dict[str, str]:
        """Return the queue's tags."""
        return dict(aws.call("sqs", "list_queue_tags", QueueUrl=id).get("Tags", {}))

    def put_tags(self, aws: Calls, id: str, tags: Mapping[str, str], removed: list[str]) -> None:
        """Set and remove tags."""
        if removed:
            aws.call("sqs", "untag_queue", QueueUrl=id, TagKeys=removed)
        if tags:
            aws.call("sqs", "tag_queue", QueueUrl=id, Tags=dict(tags))
