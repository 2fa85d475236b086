"""What the program's AWS provider resource asks for, as far as the embedded engine serves it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sandbox.engine.provider import ProviderError
from sandbox.engine.values import Json, PropertyMap

IGNORED: Final = frozenset(
    {
        "accessKey",
        "assumeRoleWithWebIdentity",
        "assumeRoles",
        "endpoints",
        "insecure",
        "maxRetries",
        "profile",
        "retryMode",
        "s3UsePathStyle",
        "secretKey",
        "sharedConfigFiles",
        "sharedCredentialsFiles",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "token",
        "version",
    }
)
"""Provider inputs about reaching real AWS: the sandbox has its own endpoint and dummy credentials instead."""


@dataclass(frozen=True)
class AwsSettings:
    """A provider resource's inputs.

    Attributes:
        region: the region; empty when the provider does not say.
        default_tags: tags for everything that takes tags.
        allowed_accounts: the account ids that the program may touch; empty for any.
        forbidden_accounts: the account ids that it may not touch.
    """

    region: str = ""
    default_tags: Mapping[str, str] = field(default_factory=dict)
    allowed_accounts: tuple[str, ...] = ()
    forbidden_accounts: tuple[str, ...] = ()

    @classmethod
    def from_inputs(cls, urn: str, inputs: PropertyMap) -> AwsSettings:
        """Read the inputs of a `pulumi:providers:aws` resource, whose nested values the SDK writes as JSON texts.

        Raises:
            ProviderError: an input is not supported or has a wrong type.
        """
        values = {key: _parsed(value) for key, value in inputs.items() if value is not None}
        known = {"region", "defaultTags", "allowedAccountIds", "forbiddenAccountIds"}
        for name in sorted(values):
            if name not in known | IGNORED:
                supported = ", ".join(sorted(known))
                raise ProviderError(f"{urn}: {name}: the embedded engine does not support it; it knows {supported}")
        tags = (values.get("defaultTags") or {}).get("tags") or {}
        if not all(isinstance(value, str) for value in tags.values()):
            raise ProviderError(f"{urn}: defaultTags.tags: every tag must be a text")
        return cls(
            region=str(values.get("region", "")),
            default_tags=tags,
            allowed_accounts=tuple(map(str, values.get("allowedAccountIds") or ())),
            forbidden_accounts=tuple(map(str, values.get("forbiddenAccountIds") or ())),
        )

    def assert_account(self, urn: str, account: str) -> None:
        """Refuse an account that the program may not touch.

        Raises:
            ProviderError: the account is forbidden or not allowed.
        """
        if account in self.forbidden_accounts:
            raise ProviderError(f"{urn}: forbiddenAccountIds: the endpoint's account {account} is among them")
        if self.allowed_accounts and account not in self.allowed_accounts:
            allowed = ", ".join(self.allowed_accounts)
            raise ProviderError(f"{urn}: allowedAccountIds: the endpoint's account {account} is not one of {allowed}")


def _parsed(value: Json) -> Json:
    if isinstance(value, str) and value[:1] in "[{" and value:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
