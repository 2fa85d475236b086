from __future__ import annotations

from collections.abc import Callable
from typing import Final

ESCALATIONS: Final[dict[str, tuple[str, ...]]] = {
    "write a new version of a policy": ("iam:CreatePolicyVersion",),
    "go back to an older version of a policy": ("iam:SetDefaultPolicyVersion",),
    "make keys for another user": ("iam:CreateAccessKey",),
    "make a password for another user": ("iam:CreateLoginProfile",),
    "change the password of another user": ("iam:UpdateLoginProfile",),
    "attach policies to users": ("iam:AttachUserPolicy",),
    "attach policies to groups": ("iam:AttachGroupPolicy",),
    "attach policies to a role and assume it": ("iam:AttachRolePolicy", "sts:AssumeRole"),
    "write policies into users": ("iam:PutUserPolicy",),
    "write policies into groups": ("iam:PutGroupPolicy",),
    "write policies into a role and assume it": ("iam:PutRolePolicy", "sts:AssumeRole"),
    "join groups": ("iam:AddUserToGroup",),
    "change who may assume a role and assume it": ("iam:UpdateAssumeRolePolicy", "sts:AssumeRole"),
    "start a machine with any role": ("iam:PassRole", "ec2:RunInstances"),
    "call a function with any role": ("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"),
    "have a function called with any role": (
        "iam:PassRole",
        "lambda:CreateFunction",
        "lambda:CreateEventSourceMapping",
    ),
    "change the code of functions": ("lambda:UpdateFunctionCode",),
    "start a Glue endpoint with any role": ("iam:PassRole", "glue:CreateDevEndpoint"),
    "log in to a Glue endpoint": ("glue:UpdateDevEndpoint",),
    "make a stack with any role": ("iam:PassRole", "cloudformation:CreateStack"),
    "run a pipeline with any role": (
        "iam:PassRole",
        "datapipeline:CreatePipeline",
        "datapipeline:PutPipelineDefinition",
        "datapipeline:ActivatePipeline",
    ),
    "build with any role": ("iam:PassRole", "codestar:CreateProject"),
    "open a notebook with any role": (
        "iam:PassRole",
        "sagemaker:CreateNotebookInstance",
        "sagemaker:CreatePresignedNotebookInstanceUrl",
    ),
}
"""Ways to become more than one is, by the actions that together suffice on any resource.

From Rhino Security Labs, "AWS IAM Privilege Escalation - Methods and Mitigation", which salesforce/cloudsplaining also
follows.
"""


def ways_up(allows: Callable[[str], bool]) -> list[str]:
    """The ways that are open to who may do what the function says."""
    return [way for way, actions in ESCALATIONS.items() if all(allows(action) for action in actions)]
