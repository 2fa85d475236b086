# ruff: noqa: ARG002  # adapters share one interface, and few types need all of it
"""ECR repositories and their lifecycle policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.engine.providers.aws.adapter import TAGS, Adapter, Identity, changed
from sandbox.engine.providers.aws.calls import Calls
from sandbox.engine.providers.aws.failures import AwsError
from sandbox.engine.providers.aws.fields import Field
from sandbox.engine.providers.aws.tags import pairs, unpaired
from sandbox.engine.values import PropertyMap

_GONE = ("RepositoryNotFoundException",)

_NAME = r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$"
"""Repository names; from the CloudFormation schema of AWS::ECR::Repository."""


class Repository(Adapter):
    """An image repository."""

    type = "aws:ecr/repository:Repository"
    service = "ecr"
    identity: Identity = "named"
    name = ("name",)
    results = ("arn", "registryId", "repositoryUrl")
    fields: Mapping[str, Field] = {
        "encryptionConfigurations": Field(
            "objects",
            replaces=True,
            computed=True,
            fields={
                "encryptionType": Field(default="AES256", choices=("AES256", "KMS", "KMS_DSSE")),
                "kmsKey": Field(computed=True),
            },
        ),
        "forceDelete": Field("boolean", local=True, default=False),
        "imageScanningConfiguration": Field(
            "object", computed=True, fields={"scanOnPush": Field("boolean", required=True)}
        ),
        "imageTagMutability": Field(default="MUTABLE", choices=("MUTABLE", "IMMUTABLE")),
        "name": Field(required=True, replaces=True, longest=256, pattern=_NAME),
        **TAGS,
    }

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Look for a repository of the name."""
        return str(inputs["name"]) if self._get(aws, inputs["name"]) else None

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the repository."""
        encryption = inputs.get("encryptionConfigurations") or [None]
        answer = aws.once(
            "ecr",
            "create_repository",
            repositoryName=inputs["name"],
            imageTagMutability=inputs["imageTagMutability"],
            imageScanningConfiguration=inputs.get("imageScanningConfiguration"),
            encryptionConfiguration=encryption[0],
            tags=pairs(tags),
        )
        return str(answer["repository"]["repositoryName"])

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Set tag mutability and scanning."""
        if old is None:
            return
        if changed(new, old, "imageTagMutability"):
            mutability = new["imageTagMutability"]
            aws.call("ecr", "put_image_tag_mutability", repositoryName=id, imageTagMutability=mutability)
        if changed(new, old, "imageScanningConfiguration"):
            scanning = new.get("imageScanningConfiguration") or {"scanOnPush": False}
            aws.call("ecr", "put_image_scanning_configuration", repositoryName=id, imageScanningConfiguration=scanning)

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the repository."""
        found = self._get(aws, id)
        if found is None:
            return None
        return {
            "arn": found["repositoryArn"],
            "encryptionConfigurations": [found.get("encryptionConfiguration") or {"encryptionType": "AES256"}],
            "imageScanningConfiguration": found.get("imageScanningConfiguration") or {"scanOnPush": False},
            "imageTagMutability": found["imageTagMutability"],
            "name": found["repositoryName"],
            "registryId": found["registryId"],
            "repositoryUrl": found["repositoryUri"],
        }

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the repository, with its images only if `forceDelete` is set."""
        try:
            aws.get("ecr", "delete_repository", _GONE, repositoryName=id, force=bool(inputs.get("forceDelete")))
        except AwsError as error:
            if error.failure.code != "RepositoryNotEmptyException":
                raise
            fix = "delete them, or set forceDelete to true, run `up` and delete it then"
            raise aws.fail(f"the repository {id} holds images and forceDelete is false; {fix}") from error

    def live_tags(self, aws: Calls, id: str) -> dict[str, str]:
        """Return the repository's tags."""
        return unpaired(aws.call("ecr", "list_tags_for_resource", resourceArn=_arn(aws, id))["tags"])

    def put_tags(self, aws: Calls, id: str, tags: Mapping[str, str], removed: list[str]) -> None:
        """Set and remove tags."""
        if removed:
            aws.call("ecr", "untag_resource", resourceArn=_arn(aws, id), tagKeys=removed)
        if tags:
            aws.call("ecr", "tag_resource", resourceArn=_arn(aws, id), tags=pairs(tags))

    def _get(self, aws: Calls, name: str) -> dict[str, Any] | None:
        answer = aws.get("ecr", "describe_repositories", _GONE, repositoryNames=[name])
        return answer["repositories"][0] if answer and answer["repositories"] else None


class LifecyclePolicy(Adapter):
    """Which images of a repository expire; the real provider replaces it on a change, so this one does."""

    type = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    service = "ecr"
    identity: Identity = "setting"
    name = ("repository",)
    results = ("registryId",)
    fields: Mapping[str, Field] = {
        "policy": Field("json", required=True, replaces=True),
        "repository": Field(required=True, replaces=True),
    }

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Look for the repository's policy."""
        return str(inputs["repository"]) if self._get(aws, inputs["repository"]) else None

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Put the policy, which may be repeated."""
        name = str(inputs["repository"])
        aws.call("ecr", "put_lifecycle_policy", repositoryName=name, lifecyclePolicyText=inputs["policy"])
        return name

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the policy."""
        found = self._get(aws, id)
        if found is None:
            return None
        return {"policy": found["lifecyclePolicyText"], "registryId": found["registryId"], "repository": id}

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the policy."""
        aws.get("ecr", "delete_lifecycle_policy", (*_GONE, "LifecyclePolicyNotFoundException"), repositoryName=id)

    def _get(self, aws: Calls, name: str) -> dict[str, Any] | None:
        missing = (*_GONE, "LifecyclePolicyNotFoundException")
        return aws.get("ecr", "get_lifecycle_policy", missing, repositoryName=name)


def _arn(aws: Calls, name: str) -> str:
    return f"arn:{aws.partition}:ecr:{aws.region}:{aws.account}:repository/{name}"
