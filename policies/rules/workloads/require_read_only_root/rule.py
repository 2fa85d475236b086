from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule


@rule(
    id="POD-004",
    title="Require a read-only root file system",
    severity=Severity.MEDIUM,
    topics=("security",),
    # Kubernetes refuses the field on Windows pods.
    applies_to=EveryContainer(linux_only=True, complete_only=True),
    rationale=(
        "Who breaks into a process can then not replace its program or leave tools behind, and data that should be on a"
        " volume cannot get lost in a container's layer unnoticed."
    ),
    remediation="Set securityContext.readOnlyRootFilesystem to true and mount an emptyDir where the program writes.",
)
def require_read_only_root(container: Container) -> Iterator[Violation]:
    """The field is the container's own; a pod cannot set it and the default is false."""
    flag = container.security["readOnlyRootFilesystem"]
    if flag.boolean() is not True:
        yield Violation(flag.path, f"{container.name} can write to its root file system")
