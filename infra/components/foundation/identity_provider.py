"""People's logins at the cluster, by the tokens of the identity provider that services know callers by."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws import eks
from pydantic import Field

from infra.components.foundation.tenancy_layout import LOGIN_PREFIX
from infra.core.component import PlatformComponent
from infra.core.models import Args


class ClusterLoginsArgs(Args):
    """Who logs in at a cluster, and how tokens name them."""

    name: str = Field(min_length=1, max_length=100, description="name of the configuration")
    issuer: str = Field(pattern=r"^https://", description="the identity provider's address, as `iss` has it")
    client_id: str = Field(min_length=1, description="the cluster's name there, as `aud` has it")
    username_claim: str = Field(description="claim with the name of a person")
    groups_claim: str = Field(description="claim with the groups of a person")


class ClusterLogins(PlatformComponent):
    """The cluster's identity provider (OIDC), of which EKS takes one.

    A token lets nobody do anything by itself: the RoleBindings of each namespace name groups, with their prefix. The
    API server asks the issuer for its keys over the internet. This has not been tried on AWS.

    Args:
        name: name in the URN.
        args: the identity provider.
        cluster: name of the cluster.
        after: what must exist first: AWS changes one thing of a control plane at a time.
        opts: options of the component.
    """

    DOMAIN = "foundation"

    def __init__(
        self,
        name: str,
        args: ClusterLoginsArgs,
        *,
        cluster: pulumi.Input[str],
        after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        eks.IdentityProviderConfig(
            self.child("provider"),
            cluster_name=cluster,
            oidc={
                "identity_provider_config_name": args.name,
                "issuer_url": args.issuer,
                "client_id": args.client_id,
                "username_claim": args.username_claim,
                "username_prefix": LOGIN_PREFIX,
                "groups_claim": args.groups_claim,
                "groups_prefix": LOGIN_PREFIX,
            },
            tags={"Name": args.name},
            opts=self.child_options(after=after),
        )
        self.register_outputs({})
