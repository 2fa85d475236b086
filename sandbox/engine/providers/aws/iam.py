# ruff: noqa: ARG002  # adapters share one interface, and few types need all of it
"""IAM roles, policies and what ties them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.engine.providers.aws.adapter import TAGS, Adapter, Identity, changed
from sandbox.engine.providers.aws.calls import Calls
from sandbox.engine.providers.aws.documents import as_text
from sandbox.engine.providers.aws.fields import Field
from sandbox.engine.providers.aws.tags import pairs, unpaired
from sandbox.engine.values import Json, PropertyMap

_GONE = ("NoSuchEntity",)

_NAME = r"^[\w+=,.@-]+$"
"""What IAM allows in names; from the CloudFormation schema of AWS::IAM::Role."""

_MOST_VERSIONS = 5
"""Versions that IAM keeps of a managed policy."""


class Role(Adapter):
    """A role."""

    type = "aws:iam/role:Role"
    service = "iam"
    identity: Identity = "named"
    name = ("name",)
    results = ("arn", "createDate", "uniqueId")
    fields: Mapping[str, Field] = {
        # Lengths and bounds: the CloudFormation schema of AWS::IAM::Role.
        "assumeRolePolicy": Field("json", required=True),
        "description": Field(longest=1000),
        "forceDetachPolicies": Field("boolean", local=True, default=False),
        "maxSessionDuration": Field("integer", default=3600, low=3600, high=43200),
        "name": Field(required=True, replaces=True, longest=64, pattern=_NAME),
        "path": Field(replaces=True, default="/", longest=512, pattern=r"^/([!-~]+/)?$"),
        "permissionsBoundary": Field(longest=2048),
        **TAGS,
    }
    constants: Mapping[str, Json] = {"namePrefix": ""}
    absent: Mapping[str, str] = {
        "inlinePolicies": "use aws:iam/rolePolicy:RolePolicy",
        "managedPolicyArns": "use aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    }

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Look for a role of the name."""
        return str(inputs["name"]) if aws.get("iam", "get_role", _GONE, RoleName=inputs["name"]) else None

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the role."""
        answer = aws.once(
            "iam",
            "create_role",
            RoleName=inputs["name"],
            Path=inputs["path"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Description=inputs.get("description"),
            MaxSessionDuration=inputs["maxSessionDuration"],
            PermissionsBoundary=inputs.get("permissionsBoundary"),
            Tags=pairs(tags),
        )
        return str(answer["Role"]["RoleName"])

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Set trust policy, description, session duration and boundary."""
        if old is None:
            return
        if changed(new, old, "assumeRolePolicy"):
            aws.call("iam", "update_assume_role_policy", RoleName=id, PolicyDocument=new["assumeRolePolicy"])
        if changed(new, old, "description", "maxSessionDuration"):
            text = new.get("description", "")
            aws.call("iam", "update_role", RoleName=id, Description=text, MaxSessionDuration=new["maxSessionDuration"])
        if changed(new, old, "permissionsBoundary"):
            boundary = new.get("permissionsBoundary")
            if boundary:
                aws.call("iam", "put_role_permissions_boundary", RoleName=id, PermissionsBoundary=boundary)
            else:
                aws.get("iam", "delete_role_permissions_boundary", _GONE, RoleName=id)

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the role."""
        answer = aws.get("iam", "get_role", _GONE, RoleName=id)
        if answer is None:
            return None
        role = answer["Role"]
        found = {
            "arn": role["Arn"],
            "assumeRolePolicy": as_text(role["AssumeRolePolicyDocument"]),
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "description": role.get("Description"),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "name": role["RoleName"],
            "path": role["Path"],
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "uniqueId": role["RoleId"],
        }
        return {key: value for key, value in found.items() if value is not None}

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the role, and with `forceDetachPolicies` first take every policy from it."""
        if inputs.get("forceDetachPolicies") and aws.get("iam", "get_role", _GONE, RoleName=id):
            for policy in aws.pages("iam", "list_attached_role_policies", "AttachedPolicies", "Marker", RoleName=id):
                aws.get("iam", "detach_role_policy", _GONE, RoleName=id, PolicyArn=policy["PolicyArn"])
            for name in aws.pages("iam", "list_role_policies", "PolicyNames", "Marker", RoleName=id):
                aws.get("iam", "delete_role_policy", _GONE, RoleName=id, PolicyName=name)
        aws.get("iam", "delete_role", _GONE, RoleName=id)

    def live_tags(self, aws: Calls, id: str) -> dict[str, str]:
        """Return the role's tags."""
        return unpaired(aws.pages("iam", "list_role_tags", "Tags", "Marker", RoleName=id))

    def put_tags(self, aws: Calls, id: str, tags: Mapping[str, str], removed: list[str]) -> None:
        """Set and remove tags."""
        if removed:
            aws.call("iam", "untag_role", RoleName=id, TagKeys=removed)
        if tags:
            aws.call("iam", "tag_role", RoleName=id, Tags=pairs(tags))


class Policy(Adapter):
    """A managed policy; a change is a new default version."""

    type = "aws:iam/policy:Policy"
    service = "iam"
    identity: Identity = "named"
    name = ("name", "path")
    results = ("arn", "attachmentCount", "policyId")
    fields: Mapping[str, Field] = {
        # Lengths: the CloudFormation schema of AWS::IAM::ManagedPolicy.
        "description": Field(replaces=True, longest=1000),
        "name": Field(required=True, replaces=True, longest=128, pattern=_NAME),
        "path": Field(replaces=True, default="/", longest=512, pattern=r"^((/[A-Za-z0-9.,+@=_-]+)*)/$"),
        "policy": Field("json", required=True),
        **TAGS,
    }
    constants: Mapping[str, Json] = {"namePrefix": ""}

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Look for a policy of the name and path."""
        arn = f"arn:{aws.partition}:iam::{aws.account}:policy{inputs['path']}{inputs['name']}"
        return arn if aws.get("iam", "get_policy", _GONE, PolicyArn=arn) else None

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the policy."""
        answer = aws.once(
            "iam",
            "create_policy",
            PolicyName=inputs["name"],
            Path=inputs["path"],
            PolicyDocument=inputs["policy"],
            Description=inputs.get("description"),
            Tags=pairs(tags),
        )
        return str(answer["Policy"]["Arn"])

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Make a new default version, after deleting the oldest when IAM would keep too many."""
        if old is None or not changed(new, old, "policy"):
            return
        versions = self._versions(aws, id)
        if len(versions) >= _MOST_VERSIONS:
            spare = [version for version in versions if not version["IsDefaultVersion"]]
            oldest = min(spare, key=lambda version: int(version["VersionId"].removeprefix("v")))
            aws.get("iam", "delete_policy_version", _GONE, PolicyArn=id, VersionId=oldest["VersionId"])
        aws.create_or_find(
            lambda: aws.once(
                "iam", "create_policy_version", PolicyArn=id, PolicyDocument=new["policy"], SetAsDefault=True
            ),
            lambda: {} if len(self._versions(aws, id)) > min(len(versions), _MOST_VERSIONS - 1) else None,
        )

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the policy and its default version."""
        answer = aws.get("iam", "get_policy", _GONE, PolicyArn=id)
        if answer is None:
            return None
        policy = answer["Policy"]
        version = aws.call("iam", "get_policy_version", PolicyArn=id, VersionId=policy["DefaultVersionId"])
        found = {
            "arn": policy["Arn"],
            "attachmentCount": policy["AttachmentCount"],
            "description": policy.get("Description") or None,
            "name": policy["PolicyName"],
            "path": policy["Path"],
            "policy": as_text(version["PolicyVersion"]["Document"]),
            "policyId": policy["PolicyId"],
        }
        return {key: value for key, value in found.items() if value is not None}

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the other versions and the policy."""
        if aws.get("iam", "get_policy", _GONE, PolicyArn=id) is None:
            return
        for version in self._versions(aws, id):
            if not version["IsDefaultVersion"]:
                aws.get("iam", "delete_policy_version", _GONE, PolicyArn=id, VersionId=version["VersionId"])
        aws.get("iam", "delete_policy", _GONE, PolicyArn=id)

    def live_tags(self, aws: Calls, id: str) -> dict[str, str]:
        """Return the policy's tags."""
        return unpaired(aws.pages("iam", "list_policy_tags", "Tags", "Marker", PolicyArn=id))

    def put_tags(self, aws: Calls, id: str, tags: Mapping[str, str], removed: list[str]) -> None:
        """Set and remove tags."""
        if removed:
            aws.call("iam", "untag_policy", PolicyArn=id, TagKeys=removed)
        if tags:
            aws.call("iam", "tag_policy", PolicyArn=id, Tags=pairs(tags))

    def _versions(self, aws: Calls, id: str) -> list[dict[str, Any]]:
        return list(aws.pages("iam", "list_policy_versions", "Versions", "Marker", PolicyArn=id))


class RolePolicy(Adapter):
    """A policy inside a role."""

    type = "aws:iam/rolePolicy:RolePolicy"
    service = "iam"
    identity: Identity = "setting"
    name = ("role", "name")
    fields: Mapping[str, Field] = {
        "name": Field(required=True, replaces=True, longest=128, pattern=_NAME),
        "policy": Field("json", required=True),
        "role": Field(required=True, replaces=True),
    }
    constants: Mapping[str, Json] = {"namePrefix": ""}

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Look for the policy."""
        id = f"{inputs['role']}:{inputs['name']}"
        return id if self._get(aws, id) else None

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Put the policy, which may be repeated."""
        role, name = inputs["role"], inputs["name"]
        aws.call("iam", "put_role_policy", RoleName=role, PolicyName=name, PolicyDocument=inputs["policy"])
        return f"{role}:{name}"

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Put the policy again."""
        if old is not None:
            self.create(aws, new, {}, "")

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the policy."""
        answer = self._get(aws, id)
        if answer is None:
            return None
        text = as_text(answer["PolicyDocument"])
        return {"name": answer["PolicyName"], "role": answer["RoleName"], "policy": text}

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the policy."""
        role, _, name = id.partition(":")
        aws.get("iam", "delete_role_policy", _GONE, RoleName=role, PolicyName=name)

    def _get(self, aws: Calls, id: str) -> dict[str, Any] | None:
        role, _, name = id.partition(":")
        return aws.get("iam", "get_role_policy", _GONE, RoleName=role, PolicyName=name)


class RolePolicyAttachment(Adapter):
    """A managed policy attached to a role."""

    type = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    service = "iam"
    identity: Identity = "setting"
    name = ("role", "policyArn")
    fields: Mapping[str, Field] = {
        "policyArn": Field(required=True, replaces=True),
        "role": Field(required=True, replaces=True),
    }

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Look for the attachment."""
        id = f"{inputs['role']}/{inputs['policyArn']}"
        return id if self.describe(aws, id, inputs) else None

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Attach the policy, which may be repeated."""
        role, arn = inputs["role"], inputs["policyArn"]
        aws.call("iam", "attach_role_policy", RoleName=role, PolicyArn=arn)
        return f"{role}/{arn}"

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Look for the policy among those attached."""
        role, _, arn = id.partition("/")
        if aws.get("iam", "get_role", _GONE, RoleName=role) is None:
            return None
        attached = aws.pages("iam", "list_attached_role_policies", "AttachedPolicies", "Marker", RoleName=role)
        found = any(policy["PolicyArn"] == arn for policy in attached)
        return {"policyArn": arn, "role": role} if found else None

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Detach the policy."""
        role, _, arn = id.partition("/")
        aws.get("iam", "detach_role_policy", _GONE, RoleName=role, PolicyArn=arn)
