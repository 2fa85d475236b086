"""A role that a service of AWS takes, with policies that AWS keeps."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws import iam

from infra.core.component import PlatformComponent


def service_role(
    component: PlatformComponent, name: str, trust: str, policies: Sequence[str], *, role: str = ""
) -> tuple[iam.Role, list[pulumi.Resource]]:
    """Declare the role.

    Args:
        component: its parent.
        name: the role's name.
        trust: who may take it, as a document.
        policies: names of AWS's managed policies, with their path.
        role: beginning of the children's roles, where a component has more than one of these.

    Returns:
        The role, and what must be there before it is of use.
    """
    made = iam.Role(component.child(f"{role}role"), name=name, assume_role_policy=trust, opts=component.child_options())
    attached: list[pulumi.Resource] = [
        iam.RolePolicyAttachment(
            component.child(f"{role}may-{index}"),
            role=made.name,
            policy_arn=f"arn:aws:iam::aws:policy/{policy}",
            opts=component.child_options(),
        )
        for index, policy in enumerate(policies)
    ]
    return made, attached
