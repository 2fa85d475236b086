from __future__ import annotations

from collections.abc import Iterator

from policies.images import parse_image
from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule


@rule(
    id="POD-021",
    title="Require that images are pulled: never Never, and Always for a tag that moves",
    severity=Severity.MEDIUM,
    topics=("images", "supply-chain", "availability"),
    applies_to=EveryContainer(),
    rationale=(
        "Never starts whatever lies on the node under that name, put there by nobody knows whom, and fails on a new"
        " node. IfNotPresent with a tag that moves runs another program on each node. With an exact tag or a digest"
        " IfNotPresent is right: it starts also while the registry is away."
    ),
    remediation="Leave imagePullPolicy unset or set IfNotPresent; name an exact tag or a digest.",
)
def require_pull_policy(container: Container) -> Iterator[Violation]:
    """Unset is right in both cases, since Kubernetes then chooses Always for a tag that moves."""
    policy = container.node["imagePullPolicy"]
    if not policy.exists() or policy.text() == "Always":
        return
    image = parse_image(container.node["image"].text() or "")
    if policy.text() != "IfNotPresent":
        yield Violation(policy.path, f"{container.name} has the pull policy {policy.shown()}")
    elif not image.digest and image.tag in {"", "latest"}:
        yield Violation(policy.path, f"{container.name} keeps an image whose tag moves, as it was pulled once")
