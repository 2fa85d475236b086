from __future__ import annotations

from collections.abc import Iterator

from policies.aws.keys import is_customer_key
from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule


@rule(
    id="AWS-036",
    title="Require Kubernetes secrets of EKS clusters to be encrypted with a key of our own",
    severity=Severity.HIGH,
    topics=("encryption", "kubernetes", "secrets"),
    frameworks=("aws-foundational-security:EKS.3",),
    applies_to=Types(frozenset({"aws:eks/cluster:Cluster"})),
    rationale="Without it whoever gets a copy of etcd or of its backups has every password of the cluster in clear.",
    remediation="Set encryptionConfig with resources [secrets] and provider.keyArn of a customer managed key.",
)
def require_cluster_secrets_encryption(resource: Resource) -> Iterator[Violation]:
    """One violation for a cluster that does not encrypt its secrets with such a key."""
    config = resource.root["encryptionConfig"]
    resources, key = config["resources"], config.at("provider", "keyArn")
    if "secrets" not in [item.text() for item in resources.items()]:
        yield Violation(resources.path, "the cluster does not encrypt its secrets")
    elif not is_customer_key(key):
        yield Violation(key.path, "no key of our own encrypts the secrets")
