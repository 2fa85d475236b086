from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer, Role
from policies.rule import rule

_HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")


@rule(
    id="POD-002",
    title="Require readiness and liveness probes on what runs long",
    severity=Severity.MEDIUM,
    topics=("availability", "rollout"),
    # Init containers that end, jobs and ephemeral containers have no use for probes; sidecars (init containers that
    # restart always) run as long as the pod.
    applies_to=EveryContainer(roles=frozenset({Role.APP, Role.SIDECAR}), probed_only=True, complete_only=True),
    rationale=(
        "Without a readiness probe a rollout counts a container that cannot serve yet as done and sends it traffic;"
        " without a liveness probe one that hangs stays so for ever."
    ),
    remediation=(
        "Set readinessProbe and livenessProbe, each with exactly one of exec, grpc, httpGet and tcpSocket; add a"
        " startupProbe if the container starts slowly."
    ),
)
def require_probes(container: Container) -> Iterator[Violation]:
    """One violation for each of the two probes that is missing or asks nothing."""
    for name in ("readinessProbe", "livenessProbe"):
        probe = container.node[name]
        if not probe.exists():
            yield Violation(probe.path, f"{container.name} has no {name}")
        elif not any(probe[handler].exists() for handler in _HANDLERS):
            yield Violation(probe.path, f"{container.name} has a {name} that names none of {', '.join(_HANDLERS)}")
