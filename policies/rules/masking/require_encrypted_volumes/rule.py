from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule

_EBS: Final = ("ebs.csi.aws.com", "kubernetes.io/aws-ebs", "ebs.csi.eks.amazonaws.com")
_GCE: Final = ("pd.csi.storage.gke.io",)
_AZURE: Final = ("disk.csi.azure.com",)


@rule(
    id="DATA-011",
    title="Require the volumes of a storage class to be encrypted",
    severity=Severity.HIGH,
    topics=("encryption", "storage"),
    frameworks=("pci-dss-4.0:3.5.1",),
    applies_to=Types(frozenset({"kubernetes:storage.k8s.io/v1:StorageClass"})),
    rationale=(
        "Volumes outlive pods, and their snapshots outlive both. The EBS driver encrypts none unless the class says so,"
        " and a volume cannot be encrypted later."
    ),
    remediation='Set parameters.encrypted to "true" and parameters.kmsKeyId to a key of our own.',
)
def require_encrypted_volumes(resource: Resource) -> Iterator[Violation]:
    """One violation for a class of cloud disks that does not encrypt them with a key that is named.

    Local and emulated provisioners are as safe as the disk of the machine and not judged.
    """
    provisioner, parameters = resource.root["provisioner"].text(), resource.root["parameters"]
    if provisioner in _EBS:
        encrypted, key = parameters["encrypted"], parameters["kmsKeyId"]
        if (encrypted.text() or "").lower() != "true":
            yield Violation(encrypted.path, "its volumes are stored in clear")
        elif not key.text():
            yield Violation(key.path, "its volumes are encrypted with a key of AWS's")
    elif provisioner in _GCE and not parameters["disk-encryption-kms-key"].text():
        yield Violation(parameters["disk-encryption-kms-key"].path, "its volumes are encrypted with a key of Google's")
    elif provisioner in _AZURE and not parameters["diskEncryptionSetID"].text():
        yield Violation(parameters["diskEncryptionSetID"].path, "its volumes are encrypted with a key of Microsoft's")
