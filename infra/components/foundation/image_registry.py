"""Where the images of our own services are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pulumi
from pulumi_aws import ecr

from infra.components.foundation.customer_key import customer_key
from infra.components.foundation.image_registry_layout import ImageRegistryArgs, key_policy, repository_name
from infra.core.component import PlatformComponent
from infra.core.names import PROJECT


class ImageRegistry(PlatformComponent):
    """One ECR repository per service: immutable tags, scanned on push, own key, old images removed.

    Attributes:
        urls: URL of each service's repository.
    """

    DOMAIN = "foundation"
    urls: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ImageRegistryArgs, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        key = customer_key(
            self, "Encrypts the images of our services", key_policy(args), alias=f"{PROJECT}-images", keep=args.keep
        )
        rule = {
            "rulePriority": 1,
            "description": "keep the newest images",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": args.keep_images},
            "action": {"type": "expire"},
        }
        urls: dict[str, pulumi.Output[str]] = {}
        for service in args.services:
            repository = ecr.Repository(
                self.child(service),
                name=repository_name(service),
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration={"scan_on_push": True},
                encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
                opts=self.child_options(keep=args.keep),
            )
            ecr.LifecyclePolicy(
                self.child(f"{service}-lifecycle"),
                repository=repository.name,
                policy=json.dumps({"rules": [rule]}, sort_keys=True),
                opts=self.child_options(),
            )
            urls[service] = repository.repository_url
        self.urls = urls
        self.register_outputs({"urls": urls})
