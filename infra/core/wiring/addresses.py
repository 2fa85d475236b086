"""Addresses of the world outside, as NetworkPolicies name them: those who write them know no names."""

from __future__ import annotations

PRIVATE_IPV4 = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
PRIVATE_IPV6 = ("fc00::/7", "fe80::/10")
"""Private, shared and link-local ranges (RFC 1918, 6598, 3927, 4193, 4291): clusters, clouds' metadata, neighbours."""


def public_peers() -> list[dict[str, object]]:
    """Every public address, and no private one."""
    return [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(PRIVATE_IPV4)}},
        {"ipBlock": {"cidr": "::/0", "except": list(PRIVATE_IPV6)}},
    ]
