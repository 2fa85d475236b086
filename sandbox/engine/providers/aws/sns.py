# ruff: noqa: ARG002  # adapters share one interface, and few types need all of it
"""SNS topics."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.engine.providers.aws.adapter import TAGS, Adapter, Identity
from sandbox.engine.providers.aws.attributes import from_attributes, to_attributes
from sandbox.engine.providers.aws.calls import Calls
from sandbox.engine.providers.aws.fields import Field
from sandbox.engine.providers.aws.tags import pairs, unpaired
from sandbox.engine.values import Json, PropertyMap

_GONE = ("NotFound", "NotFoundException", "ResourceNotFound", "ResourceNotFoundException")


class Topic(Adapter):
    """A topic. Creating one that exists succeeds silently, so the provider looks first."""

    type = "aws:sns/topic:Topic"
    service = "sns"
    identity: Identity = "named"
    name = ("name",)
    results = ("arn", "owner")
    fields: Mapping[str, Field] = {
        "contentBasedDeduplication": Field("boolean", wire="ContentBasedDeduplication"),
        "deliveryPolicy": Field("json", wire="DeliveryPolicy"),
        "displayName": Field(wire="DisplayName", longest=100),
        "fifoTopic": Field("boolean", replaces=True, local=True, default=False),
        "kmsMasterKeyId": Field(wire="KmsMasterKeyId"),
        # Length of a name: the CloudFormation schema of AWS::SNS::Topic.
        "name": Field(required=True, replaces=True, longest=256, pattern=r"^[A-Za-z0-9_-]+(\.fifo)?$"),
        "policy": Field("json", wire="Policy", computed=True),
        "signatureVersion": Field("integer", wire="SignatureVersion", computed=True, low=1, high=2),
        "tracingConfig": Field(wire="TracingConfig", computed=True, choices=("Active", "PassThrough")),
        **TAGS,
    }
    constants: Mapping[str, Json] = {
        "beginningArchiveTime": "",
        "fifoThroughputScope": "",
        "namePrefix": "",
        "signatureVersion": 0,
        "tracingConfig": "",
    }
    absent: Mapping[str, str] = {"maximumMessageSize": "message size limits are not supported"}

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Look for a topic of the name."""
        arn = f"arn:{aws.partition}:sns:{aws.region}:{aws.account}:{inputs['name']}"
        return arn if aws.get("sns", "get_topic_attributes", _GONE, TopicArn=arn) else None

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the topic."""
        attributes = to_attributes(self.fields, inputs)
        if inputs["fifoTopic"]:
            attributes["FifoTopic"] = "true"
        answer = aws.once("sns", "create_topic", Name=inputs["name"], Attributes=attributes, Tags=pairs(tags))
        return str(answer["TopicArn"])

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Set each attribute that differs; one that is no longer given is set to empty, which is SNS's default."""
        if old is None:
            return
        before, after = to_attributes(self.fields, old), to_attributes(self.fields, new)
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                value = after.get(name, "")
                aws.call("sns", "set_topic_attributes", TopicArn=id, AttributeName=name, AttributeValue=value)

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the attributes."""
        answer = aws.get("sns", "get_topic_attributes", _GONE, TopicArn=id)
        if answer is None:
            return None
        found = {key: value for key, value in answer["Attributes"].items() if value != ""}
        return {
            **from_attributes(self.fields, found),
            "arn": id,
            "name": id.rpartition(":")[2],
            "fifoTopic": found.get("FifoTopic") == "true",
            "owner": found["Owner"],
        }

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the topic."""
        aws.get("sns", "delete_topic", _GONE, TopicArn=id)

    def live_tags(self, aws: Calls, id: str) -> dict[str, str]:
        """Return the topic's tags."""
        return unpaired(aws.call("sns", "list_tags_for_resource", ResourceArn=id).get("Tags", ()))

    def put_tags(self, aws: Calls, id: str, tags: Mapping[str, str], removed: list[str]) -> None:
        """Set and remove tags."""
        if removed:
            aws.call("sns", "untag_resource", ResourceArn=id, TagKeys=removed)
        if tags:
            aws.call("sns", "tag_resource", ResourceArn=id, Tags=pairs(tags))
