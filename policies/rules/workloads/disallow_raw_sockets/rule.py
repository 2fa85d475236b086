from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule

_DROPPED: Final = frozenset({"ALL", "NET_RAW"})


@rule(
    id="POD-055",
    title="Disallow raw sockets: NET_RAW is dropped",
    severity=Severity.MEDIUM,
    topics=("security", "network", "isolation"),
    # CIS Kubernetes Benchmark, "Minimize the admission of containers with the NET_RAW capability".
    frameworks=("cis-kubernetes:5.2.8",),
    # Kubernetes refuses the field on Windows pods.
    applies_to=EveryContainer(linux_only=True),
    rationale=(
        "Runtimes give NET_RAW to each container that does not drop it. With it a program makes packets with senders of"
        " its choice, and so answers for other pods to whoever asks the network for their addresses."
    ),
    remediation='Drop it: securityContext.capabilities.drop ["ALL"], which POD-006 asks for, or at least ["NET_RAW"].',
)
def disallow_raw_sockets(container: Container) -> Iterator[Violation]:
    """NET_RAW that is added again counts as not dropped. Small letters count as large ones, as they do to runtimes."""
    capabilities = container.security["capabilities"]
    drop = capabilities["drop"]
    for added in capabilities["add"].items():
        if (added.text() or "").upper() == "NET_RAW":
            yield Violation(added.path, f"{container.name} adds NET_RAW")
            return
    if not any((item.text() or "").upper() in _DROPPED for item in drop.items()) and (
        drop.exists() or not container.pod.partial
    ):
        yield Violation(drop.path, f"{container.name} does not drop NET_RAW")
