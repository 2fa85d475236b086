from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule


@rule(
    id="AWS-024",
    title="Require image repositories to be encrypted by KMS",
    severity=Severity.LOW,
    topics=("encryption", "images"),
    applies_to=Types(frozenset({"aws:ecr/repository:Repository"})),
    rationale=(
        "Images hold our code. Encrypted by KMS, each reading of their layers is in a log, and the key can be taken"
        " away. It cannot be changed later: the repository would be made anew, and its images be gone."
    ),
    remediation="Set encryptionConfigurations with encryptionType KMS (and kmsKey, for a key of your own).",
)
def require_image_encryption(resource: Resource) -> Iterator[Violation]:
    """One violation for a repository that KMS does not encrypt."""
    configurations = resource.root["encryptionConfigurations"]
    types = [item["encryptionType"] for item in configurations.items()]
    if not types:
        yield Violation(configurations.path, "the repository is not encrypted by KMS")
    for type_ in types:
        if type_.text() not in ("KMS", "KMS_DSSE"):
            yield Violation(type_.path, f"the repository is encrypted by {type_.shown()}, not by KMS")
