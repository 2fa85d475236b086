from __future__ import annotations

import json
from typing import Any, Final

from policies.unknown import UNKNOWN

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key under which Pulumi marks secrets and assets (pulumi/sdk/go/common/resource/properties.go)."""

SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the marker, not a secret
"""The mark of a secret, from the same file."""

UNKNOWNS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
"""What Pulumi writes for a value that is not yet known, one for each type (pulumi_policy/proxy.py)."""


def plain(value: Any) -> Any:
    """A property value of a Pulumi state as rules read it.

    Secrets are opened if they can be, and `UNKNOWN` stands for one that is encrypted and for what is not yet known.

    Args:
        value: A value as JSON holds it.
    """
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return opened(value)
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return UNKNOWN if isinstance(value, str) and value in UNKNOWNS else value


def opened(secret: dict[str, Any]) -> Any:
    """What a secret holds, or `UNKNOWN` if it is encrypted.

    Args:
        secret: The mapping with the mark of a secret.
    """
    if "value" in secret:
        return plain(secret["value"])
    try:
        return plain(json.loads(secret["plaintext"]))
    except (KeyError, TypeError, ValueError):
        return UNKNOWN
