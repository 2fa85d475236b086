# ruff: noqa: ARG002  # adapters share one interface, and few types need all of it
"""KMS keys and their aliases."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.engine.providers.aws.adapter import TAGS, Adapter, Identity, changed
from sandbox.engine.providers.aws.calls import Calls
from sandbox.engine.providers.aws.fields import Field
from sandbox.engine.providers.aws.tags import NONCE_TAG, pairs, unpaired
from sandbox.engine.values import Json, PropertyMap

_GONE = ("NotFoundException",)

_KEY_SPECS = (
    "SYMMETRIC_DEFAULT RSA_2048 RSA_3072 RSA_4096 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1"
    " HMAC_224 HMAC_256 HMAC_384 HMAC_512 SM2 ML_DSA_44 ML_DSA_65 ML_DSA_87 ECC_NIST_EDWARDS25519"
)
"""The key specs of the CloudFormation schema of AWS::KMS::Key."""


class Key(Adapter):
    """A key; deleting schedules its deletion with the declared window, and a scheduled key counts as gone."""

    type = "aws:kms/key:Key"
    service = "kms"
    identity: Identity = "generated"
    results = ("arn", "keyId")
    fields: Mapping[str, Field] = {
        "bypassPolicyLockoutSafetyCheck": Field("boolean", local=True, default=False),
        "customerMasterKeySpec": Field(replaces=True, default="SYMMETRIC_DEFAULT", choices=tuple(_KEY_SPECS.split())),
        # Bounds of this and the rotation period: the CloudFormation schema of AWS::KMS::Key.
        "deletionWindowInDays": Field("integer", local=True, low=7, high=30),
        "description": Field(longest=8192, computed=True),
        "enableKeyRotation": Field("boolean", default=False),
        "isEnabled": Field("boolean", default=True),
        "keyUsage": Field(
            replaces=True,
            default="ENCRYPT_DECRYPT",
            choices=("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"),
        ),
        "multiRegion": Field("boolean", replaces=True, computed=True),
        "policy": Field("json", computed=True),
        "rotationPeriodInDays": Field("integer", low=90, high=2560, computed=True),
        **TAGS,
    }

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the key."""
        answer = aws.once(
            "kms",
            "create_key",
            Policy=inputs.get("policy"),
            Description=inputs.get("description"),
            KeyUsage=inputs["keyUsage"],
            KeySpec=inputs["customerMasterKeySpec"],
            MultiRegion=inputs.get("multiRegion"),
            BypassPolicyLockoutSafetyCheck=inputs["bypassPolicyLockoutSafetyCheck"],
            Tags=pairs(tags, "TagKey", "TagValue"),
        )
        return str(answer["KeyMetadata"]["KeyId"])

    def created(self, aws: Calls, inputs: PropertyMap, nonce: str) -> str | None:
        """Find the key with the nonce among all keys; a key has no name."""
        for key in aws.pages("kms", "list_keys", "Keys", "NextMarker:Marker"):
            if self.live_tags(aws, key["KeyId"]).get(NONCE_TAG) == nonce and self._metadata(aws, key["KeyId"]):
                return str(key["KeyId"])
        return None

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Set policy, description, rotation and whether the key is enabled."""
        if old is not None and changed(new, old, "isEnabled") and new["isEnabled"]:
            aws.call("kms", "enable_key", KeyId=id)  # a disabled key takes no other change
        if old is not None and changed(new, old, "policy") and new.get("policy"):
            aws.call(
                "kms",
                "put_key_policy",
                KeyId=id,
                PolicyName="default",
                Policy=new["policy"],
                BypassPolicyLockoutSafetyCheck=new["bypassPolicyLockoutSafetyCheck"],
            )
        if old is not None and changed(new, old, "description"):
            aws.call("kms", "update_key_description", KeyId=id, Description=new.get("description", ""))
        if new["enableKeyRotation"] and changed(new, old, "enableKeyRotation", "rotationPeriodInDays"):
            period = new.get("rotationPeriodInDays")
            aws.call("kms", "enable_key_rotation", KeyId=id, RotationPeriodInDays=period)
        elif old is not None and changed(new, old, "enableKeyRotation"):
            aws.call("kms", "disable_key_rotation", KeyId=id)
        if not new["isEnabled"] and changed(new, old, "isEnabled"):
            aws.call("kms", "disable_key", KeyId=id)

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read metadata, policy and rotation."""
        key = self._metadata(aws, id)
        if key is None:
            return None
        rotation = aws.call("kms", "get_key_rotation_status", KeyId=id)
        return {
            "arn": key["Arn"],
            "keyId": key["KeyId"],
            "description": key.get("Description", ""),
            "customerMasterKeySpec": key.get("KeySpec", inputs["customerMasterKeySpec"]),
            "keyUsage": key["KeyUsage"],
            "isEnabled": key["Enabled"],
            "multiRegion": key.get("MultiRegion", False),
            "policy": aws.call("kms", "get_key_policy", KeyId=id, PolicyName="default")["Policy"],
            "enableKeyRotation": rotation["KeyRotationEnabled"],
            # 365 is the CloudFormation schema's default, which AWS uses when none was given.
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays", 365),
        }

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Schedule the deletion."""
        if self._metadata(aws, id):
            window = inputs.get("deletionWindowInDays")
            aws.get("kms", "schedule_key_deletion", _GONE, KeyId=id, PendingWindowInDays=window)

    def live_tags(self, aws: Calls, id: str) -> dict[str, str]:
        """Return the key's tags."""
        tags = aws.pages("kms", "list_resource_tags", "Tags", "NextMarker:Marker", KeyId=id)
        return unpaired(tags, "TagKey", "TagValue")

    def put_tags(self, aws: Calls, id: str, tags: Mapping[str, str], removed: list[str]) -> None:
        """Set and remove tags."""
        if removed:
            aws.call("kms", "untag_resource", KeyId=id, TagKeys=removed)
        if tags:
            aws.call("kms", "tag_resource", KeyId=id, Tags=pairs(tags, "TagKey", "TagValue"))

    def _metadata(self, aws: Calls, id: str) -> PropertyMap | None:
        answer = aws.get("kms", "describe_key", _GONE, KeyId=id)
        key = answer["KeyMetadata"] if answer else None
        return None if key is None or key["KeyState"] == "PendingDeletion" else dict(key)


class Alias(Adapter):
    """A name of a key. It takes no tags: it is ours when it points to the key that we want."""

    type = "aws:kms/alias:Alias"
    service = "kms"
    identity: Identity = "named"
    name = ("name",)
    results = ("arn", "targetKeyArn")
    fields: Mapping[str, Field] = {
        # Pattern and length: the CloudFormation schema of AWS::KMS::Alias.
        "name": Field(required=True, replaces=True, longest=256, pattern=r"^alias/[a-zA-Z0-9:/_-]+$"),
        "targetKeyId": Field(required=True),
    }
    constants: Mapping[str, Json] = {"namePrefix": ""}

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Look for the alias."""
        return str(inputs["name"]) if self._find(aws, inputs["name"]) else None

    def owned(self, aws: Calls, id: str, inputs: PropertyMap, urn: str) -> bool:
        """Tell whether the alias points to the wanted key."""
        alias = self._find(aws, id)
        return alias is not None and alias.get("TargetKeyId") == _key_id(inputs["targetKeyId"])

    def created(self, aws: Calls, inputs: PropertyMap, nonce: str) -> str | None:
        """Return the alias if it points to the wanted key."""
        return str(inputs["name"]) if self.owned(aws, inputs["name"], inputs, "") else None

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the alias."""
        aws.once("kms", "create_alias", AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return str(inputs["name"])

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Point the alias to another key."""
        if old is not None and changed(new, old, "targetKeyId"):
            aws.call("kms", "update_alias", AliasName=id, TargetKeyId=new["targetKeyId"])

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the alias."""
        alias = self._find(aws, id)
        if alias is None:
            return None
        target, wanted = alias["TargetKeyId"], inputs["targetKeyId"]
        return {
            "arn": alias["AliasArn"],
            "name": alias["AliasName"],
            "targetKeyId": wanted if _key_id(wanted) == target else target,
            "targetKeyArn": f"arn:{aws.partition}:kms:{aws.region}:{aws.account}:key/{target}",
        }

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the alias."""
        aws.get("kms", "delete_alias", _GONE, AliasName=id)

    def _find(self, aws: Calls, name: str) -> PropertyMap | None:
        aliases = aws.pages("kms", "list_aliases", "Aliases", "NextMarker:Marker")
        return next((dict(alias) for alias in aliases if alias["AliasName"] == name), None)


def _key_id(reference: str) -> str:
    """Return the id in a key reference, which may be an ARN."""
    return reference.rpartition("/")[2]
