from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer, Role
from policies.probes import missing_probe
from policies.rule import rule


@rule(
    id="POD-053",
    title="Require a liveness probe on what runs long",
    severity=Severity.MEDIUM,
    topics=("availability", "operations"),
    # Init containers that end, jobs and ephemeral containers have no use for probes; sidecars (init containers that
    # restart always) run as long as the pod.
    applies_to=EveryContainer(roles=frozenset({Role.APP, Role.SIDECAR}), probed_only=True, complete_only=True),
    rationale=(
        "A container that hangs is no longer sent traffic if it is probed for readiness, but without a liveness probe"
        " it stays so for ever, and with each one that hangs the service has less to serve with."
    ),
    remediation=(
        "Set livenessProbe with exactly one of exec, grpc, httpGet and tcpSocket; add a"
        " startupProbe if the container starts slowly."
    ),
)
def require_liveness_probes(container: Container) -> Iterator[Violation]:
    """A probe that names no way to ask counts as missing."""
    yield from missing_probe(container, "livenessProbe")
