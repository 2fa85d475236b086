from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import Types, rule

_ATTACHMENTS = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "role",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "group",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "user",
    "aws:iam/policyAttachment:PolicyAttachment": "",
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": "",
}
_USER_POLICY = "aws:iam/userPolicy:UserPolicy"
_ROLE = "aws:iam/role:Role"
_KEY = "aws:iam/accessKey:AccessKey"
_SWEEPING = ("policy/AdministratorAccess", "policy/PowerUserAccess", "policy/IAMFullAccess")


@rule(
    id="AWS-018",
    title="Limit standing access: no administrators, no policies on users, no keys in the state",
    severity=Severity.HIGH,
    topics=("iam",),
    frameworks=("aws-foundational-security:IAM.2", "cis-aws-3.0:1.15", "cis-aws-3.0:1.16"),
    applies_to=Types(frozenset({*_ATTACHMENTS, _USER_POLICY, _ROLE, _KEY})),
    rationale=(
        "What is granted for ever is used by whoever gets hold of it. Policies on single users are forgotten when"
        " people change teams, the managed administrator policies grant everything, and an access key without a pgpKey"
        " stands in the state in clear and never ends."
    ),
    remediation=(
        "Grant named actions to roles that are assumed for a time, attach nothing to users, and prefer roles to access"
        " keys; give a key that must be a pgpKey."
    ),
)
def limit_standing_access(resource: Resource) -> Iterator[Violation]:
    """One violation for each sweeping policy, each policy on a user and each key whose secret is not encrypted."""
    root = resource.root
    if resource.type == _KEY:
        status, key = root["status"], root["pgpKey"]
        if status.text() != "Inactive" and not key.exists():
            yield Violation(key.path, "the key never ends, and its secret stands in the state in clear")
    elif resource.type == _USER_POLICY:
        yield Violation(root["user"].path, "a policy is written into a single user")
    elif resource.type == _ROLE:
        for arn in root["managedPolicyArns"].items():
            yield from _sweeping(arn)
    else:
        if root["user"].exists() and _ATTACHMENTS[resource.type] == "user":
            yield Violation(root["user"].path, "a policy is attached to a single user")
        if root["users"].items():
            yield Violation(root["users"].path, "a policy is attached to single users")
        yield from _sweeping(root["policyArn"])
        yield from _sweeping(root["managedPolicyArn"])


def _sweeping(arn: Node) -> Iterator[Violation]:
    name = arn.text() or ""
    if ":iam::aws:" in name and name.endswith(_SWEEPING):
        yield Violation(arn.path, f"{name.rpartition('/')[2]} grants far more than any program needs")
