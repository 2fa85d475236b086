from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_CLOSED: Final = frozenset({None, "STRICT", "UNSET"})
"""The modes that do not open anything: UNSET, like none, takes what the namespace or the mesh says."""


@rule(
    id="NET-014",
    title="Enforce mutual TLS in the mesh: no PERMISSIVE, no DISABLE",
    severity=Severity.HIGH,
    topics=("security", "network", "mesh", "encryption"),
    frameworks=("pci-dss-4.0:4.2.1",),
    applies_to=kinds(("security.istio.io", "PeerAuthentication")),
    rationale=(
        "With PERMISSIVE a sidecar also takes plain text from callers without an identity, which no authorization by"
        " principal can tell apart; DISABLE takes the encryption away altogether."
    ),
    remediation="Set mtls.mode to STRICT, and portLevelMtls to STRICT or leave it out.",
)
def enforce_strict_mtls(resource: Resource) -> Iterator[Violation]:
    """One violation for each mode, of the workloads or of one port, that accepts plain text."""
    spec = resource.root["spec"]
    mode = spec.at("mtls", "mode")
    if mode.text() not in _CLOSED:
        yield Violation(mode.path, f"mutual TLS is {mode.text()}")
    for port, setting in spec["portLevelMtls"].entries():
        mode = setting["mode"]
        if mode.text() not in _CLOSED:
            yield Violation(mode.path, f"mutual TLS is {mode.text()} on port {port}")
