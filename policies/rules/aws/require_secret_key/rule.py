from __future__ import annotations

from collections.abc import Iterator

from policies.aws.keys import is_customer_key
from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule

_SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type token, not a secret
_PARAMETER = "aws:ssm/parameter:Parameter"


@rule(
    id="AWS-019",
    title="Require secrets to be encrypted with a key of their own",
    severity=Severity.MEDIUM,
    topics=("encryption", "secrets"),
    applies_to=Types(frozenset({_SECRET, _PARAMETER})),
    rationale=(
        "With the key of AWS whoever may read a secret may decrypt it, in this account only. A customer managed key"
        " asks for a second permission, and its log names every use."
    ),
    remediation="Set kmsKeyId (for an SSM parameter of type SecureString keyId) to a customer managed key.",
)
def require_secret_key(resource: Resource) -> Iterator[Violation]:
    """One violation for each secret, replica or secure parameter without such a key."""
    root = resource.root
    if resource.type == _PARAMETER:
        if root["type"].text() == "SecureString" and not is_customer_key(root["keyId"]):
            yield Violation("keyId", "the parameter is encrypted with AWS's own key")
        return
    if not is_customer_key(root["kmsKeyId"]):
        yield Violation("kmsKeyId", "the secret is encrypted with AWS's own key")
    for replica in root["replicas"].items():
        if not is_customer_key(replica["kmsKeyId"]):
            yield Violation(replica["kmsKeyId"].path, "a replica of the secret is encrypted with AWS's own key")
