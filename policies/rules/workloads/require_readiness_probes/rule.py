from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer, Role
from policies.probes import missing_probe
from policies.rule import rule


@rule(
    id="POD-002",
    title="Require a readiness probe on what runs long",
    severity=Severity.MEDIUM,
    topics=("availability", "rollout"),
    # Init containers that end, jobs and ephemeral containers have no use for probes; sidecars (init containers that
    # restart always) run as long as the pod.
    applies_to=EveryContainer(roles=frozenset({Role.APP, Role.SIDECAR}), probed_only=True, complete_only=True),
    rationale=(
        "Without a readiness probe a rollout counts a container that cannot serve yet as done, sends it traffic, and"
        " goes on to take away the old one."
    ),
    remediation=("Set readinessProbe with exactly one of exec, grpc, httpGet and tcpSocket."),
)
def require_readiness_probes(container: Container) -> Iterator[Violation]:
    """A probe that names no way to ask counts as missing."""
    yield from missing_probe(container, "readinessProbe")
