from __future__ import annotations

import ipaddress
from typing import Final

_WIDEST: Final = {4: 8, 6: 16}
"""Shortest prefixes that one organisation can own: no larger blocks are given out than an IPv4 /8 or an IPv6 /16."""


def is_wide(cidr: str) -> bool:
    """Whether a network is the internet or so large a part of it that nobody owns it.

    Two halves are the whole, so 0.0.0.0/1 counts as well. What is no network counts too: it cannot be judged to be
    narrow.
    """
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return True
    return network.prefixlen < _WIDEST[network.version]
