"""Whose tokens the services of an environment take."""

from __future__ import annotations

from infra.config import StackConfig
from infra.core.token_check import OWN, TokenCheck, public_key_set


def token_check(config: StackConfig) -> TokenCheck:
    """The identity provider's, or the environment's own where it has none."""
    identity = config.identity
    if identity is None:
        return OWN
    return TokenCheck(
        issuer=identity.issuer,
        audience=identity.audience,
        algorithms=tuple(sorted({key.algorithm for key in identity.keys.values()})),
        keys=public_key_set({name: (key.algorithm, key.public_key) for name, key in identity.keys.items()}),
    )
