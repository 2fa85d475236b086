from __future__ import annotations

from policies.node import Node


def is_customer_key(key: Node) -> bool:
    """Whether a property names a key that the account manages itself.

    AWS's own keys have aliases that begin with `alias/aws/` (AWS KMS Developer Guide, "AWS managed keys").

    Raises:
        UnknownValueError: If the key is not yet known.
    """
    name = key.text()
    return bool(name) and "alias/aws/" not in (name or "")
