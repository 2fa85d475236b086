"""Passwords of Kafka users: made once, kept as secrets, handed out by reference."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pydantic import Field

from infra.components.streaming.access import NAMESPACE, PASSWORD_KEY, credential_secret
from infra.core.component import PlatformComponent
from infra.core.generated_secrets import generated_password, opaque_secret
from infra.core.kubernetes_object import KubernetesObject
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.names import PROJECT

PASSWORD_LENGTH = 32
"""Letters and digits: 190 bits, and nothing that a shell or a properties file would have to quote."""


class KafkaCredentialsArgs(Args):
    """Users that need a password."""

    users: tuple[str, ...] = Field(min_length=1, description="names of the users")
    homes: dict[str, str] = Field(default_factory=dict, description="tenant's namespace of a tenant's user")
    ownership: Ownership
    secrets_manager: bool = Field(description="whether each password is also kept in AWS Secrets Manager")
    recovery_days: int = Field(default=30, ge=0, le=30, description="Secrets Manager's recovery window")


class KafkaCredentials(PlatformComponent):
    """A generated or given password for each user, in a Secret of the streaming and of the user's own namespace.

    Args:
        ready: what must exist in each namespace before anything is declared there.
        given: passwords that exist elsewhere, by user; the others are generated.
        key_arn: key that encrypts what Secrets Manager keeps.

    Attributes:
        secrets: the Secret of each user, which consumers depend on.
        passwords: the passwords, as secret outputs.
    """

    DOMAIN = "streaming"
    secrets: Mapping[str, KubernetesObject]
    passwords: Mapping[str, pulumi.Output[str]]

    def __init__(
        self,
        name: str,
        args: KafkaCredentialsArgs,
        *,
        given: Mapping[str, pulumi.Output[str]],
        key_arn: pulumi.Output[str] | None = None,
        ready: Mapping[str, Sequence[pulumi.Resource]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        self.passwords = {
            user: given.get(user) or generated_password(self, f"{user}-password", PASSWORD_LENGTH)
            for user in args.users
        }
        self.secrets = {
            user: self.declare(f"{user}-secret", _secret(args, user, password, NAMESPACE), after=ready[NAMESPACE])
            for user, password in self.passwords.items()
        }
        for user, home in args.homes.items():
            self.declare(f"{user}-home", _secret(args, user, self.passwords[user], home), after=ready[home])
        if args.secrets_manager:
            for user, password in self.passwords.items():
                self._keep_in_aws(args, user, password, key_arn)
        self.register_outputs({"users": list(args.users)})

    def _keep_in_aws(
        self, args: KafkaCredentialsArgs, user: str, password: pulumi.Output[str], key_arn: pulumi.Output[str] | None
    ) -> None:
        # Only a stack with an AWS account pays for its SDK.
        from infra.components.foundation.kept_secret import kept_secret  # noqa: PLC0415

        kept_secret(
            self,
            f"{user}-aws",
            password.apply(lambda text: json.dumps({"username": user, "password": text}, sort_keys=True)),
            name=f"{PROJECT}/{args.ownership.environment}/kafka/{user}",
            key_arn=key_arn,
            recovery_days=args.recovery_days,
        )


def _secret(args: KafkaCredentialsArgs, user: str, password: pulumi.Output[str], home: str) -> dict[str, Any]:
    return opaque_secret(
        credential_secret(user), home, PASSWORD_KEY, password, component="streaming", ownership=args.ownership
    )
