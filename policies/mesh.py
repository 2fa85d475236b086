from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import GroupKind
from policies.model import Resource
from policies.node import Node

DESTINATION_RULE: Final[GroupKind] = ("networking.istio.io", "DestinationRule")


def upstream_tls(resource: Resource) -> Iterator[Node]:
    """The TLS settings of a DestinationRule: of the host, of its ports, and of each subset likewise.

    The fields are those of `networking/v1/destination_rule.proto` in istio/api.
    """
    spec = resource.root["spec"]
    for policy in (spec["trafficPolicy"], *(subset["trafficPolicy"] for subset in spec["subsets"].items())):
        for place in (policy, *policy["portLevelSettings"].items()):
            if place["tls"].exists():
                yield place["tls"]
