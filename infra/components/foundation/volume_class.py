"""The class of volumes in a cluster that the program makes; EKS has no default one."""

from __future__ import annotations

from typing import Any

import pulumi
from pydantic import Field

from infra.core.component import PlatformComponent
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args

CLASS = "encrypted"
"""Name of the class, for claims."""


class VolumeClassArgs(Args):
    """EBS volumes that are encrypted with a key of our own."""

    ownership: Ownership
    key: str = Field(pattern=r"^arn:", description="ARN of the key, or of its alias")
    backup_class: str | None = Field(default=None, description="class of the backups that volumes are selected for")
    keep: bool = Field(default=True, description="whether a volume outlives its claim")


class VolumeClass(PlatformComponent):
    """A StorageClass: gp3, encrypted, in the zone of the pod, expandable.

    It is no default: who wants a volume says which, so that none is ever made in clear by another default.
    """

    DOMAIN = "foundation"

    def __init__(self, name: str, args: VolumeClassArgs, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        self.declare("class", manifest(args))
        self.register_outputs({"name": CLASS})


def manifest(args: VolumeClassArgs) -> dict[str, Any]:
    """The StorageClass (EBS CSI driver, CreateVolume parameters and tagging)."""
    tags = {"tagSpecification_1": f"Backup={args.backup_class}"} if args.backup_class else {}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS, "labels": object_labels(CLASS, "volume-class", args.ownership)},
        "provisioner": "ebs.csi.aws.com",
        "parameters": {"type": "gp3", "encrypted": "true", "kmsKeyId": args.key, **tags},
        "reclaimPolicy": "Retain" if args.keep else "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }
