from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import group_kind, kinds
from policies.model import Resource, Severity, Violation
from policies.network_policies import is_everywhere
from policies.rule import rule

_SERVICE_ENTRY: Final = ("networking.istio.io", "ServiceEntry")
_SIDECAR: Final = ("networking.istio.io", "Sidecar")


@rule(
    id="NET-019",
    title="Limit what leaves the mesh to hosts that are named",
    severity=Severity.MEDIUM,
    topics=("security", "network", "mesh", "exfiltration"),
    applies_to=kinds(_SERVICE_ENTRY, _SIDECAR),
    rationale=(
        "A wildcard host, a range of every address or ALLOW_ANY lets a workload reach any server, also one that an"
        " attacker has put under the same domain."
    ),
    remediation="Name each host in full in a ServiceEntry, and set outboundTrafficPolicy.mode to REGISTRY_ONLY.",
)
def limit_mesh_egress(resource: Resource) -> Iterator[Violation]:
    """One violation for each wildcard host, for each range of every address and for a policy that allows any host."""
    spec = resource.root["spec"]
    if group_kind(resource) == _SIDECAR:
        mode = spec.at("outboundTrafficPolicy", "mode")
        if mode.text() == "ALLOW_ANY":
            yield Violation(mode.path, "workloads may call every host, whether it is registered or not")
        return
    for host in spec["hosts"].items():
        if "*" in (host.text() or ""):
            yield Violation(host.path, f"the host {host.text()!r} is a wildcard")
    for address in spec["addresses"].items():
        if is_everywhere(address):
            yield Violation(address.path, f"{address.text()} is more or less every address")
