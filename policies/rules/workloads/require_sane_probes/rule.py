from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import Container, EveryContainer, Role
from policies.rule import rule

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@rule(
    id="POD-043",
    title="Require probes that ask the right thing at a port that is there",
    severity=Severity.MEDIUM,
    topics=("availability", "correctness"),
    applies_to=EveryContainer(roles=frozenset({Role.APP, Role.SIDECAR})),
    rationale=(
        "A liveness probe that is the same as the readiness probe kills a container as soon as it may not serve, such"
        " as while a database is away, and makes an outage of one thing an outage of all. A probe at a port that the"
        " container does not open never succeeds."
    ),
    remediation=(
        "Let readiness ask whether it can serve and liveness only whether it runs, or let liveness wait longer; name a"
        " port that the container declares."
    ),
)
def require_sane_probes(container: Container) -> Iterator[Violation]:
    """A number is compared with the container's ports only if it declares some, since it need not."""
    liveness, readiness = container.node["livenessProbe"], container.node["readinessProbe"]
    if liveness.exists() and liveness.value() == readiness.value():
        yield Violation(liveness.path, f"{container.name} is killed whenever it is not ready: both probes are the same")
    ports = container.node["ports"].items()
    names = {port["name"].text() for port in ports} - {None}
    numbers = {port["containerPort"].integer() for port in ports}
    for probe in _PROBES:
        for handler in ("httpGet", "tcpSocket", "grpc"):
            port = container.node[probe][handler]["port"]
            if port.exists() and not _is_there(port, names, numbers):
                yield Violation(port.path, f"{container.name} has no port {port.shown()}, which its {probe} asks")


def _is_there(port: Node, names: set[str | None], numbers: set[int | None]) -> bool:
    text = port.text()
    if text is not None and not text.isdecimal():
        return text in names
    number = port.integer() if text is None else int(text[:6])
    return not numbers or number in numbers
