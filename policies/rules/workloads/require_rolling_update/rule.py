from __future__ import annotations

import re
from collections.abc import Iterator

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import rule

_DEPLOYMENT = ("apps", "Deployment")
_ALL = re.compile(r"(?:[1-9][0-9]{2,}|100)%")


@rule(
    id="POD-037",
    title="Require updates to roll, with something left that serves",
    severity=Severity.MEDIUM,
    topics=("availability", "rollout"),
    applies_to=kinds(_DEPLOYMENT, ("apps", "StatefulSet"), ("apps", "DaemonSet")),
    rationale=(
        "Recreate stops every pod before the first new one starts; so does a rolling update that lets all of them be"
        " unavailable, and then a bad release is an outage. With OnDelete a change is never rolled out."
    ),
    remediation=(
        "Use RollingUpdate with maxUnavailable below the number of replicas (0 and maxSurge 1 for a single one);"
        " Recreate only for a single replica that holds a volume."
    ),
)
def require_rolling_update(resource: Resource) -> Iterator[Violation]:
    """Unset is right: Kubernetes then rolls, with at most a quarter unavailable."""
    spec = resource.root["spec"]
    strategy = spec["strategy" if resource.kind == "Deployment" else "updateStrategy"]
    kind = strategy["type"]
    replicas = spec["replicas"].integer()
    if kind.text() == "Recreate" and resource.kind == "Deployment":
        if (replicas or 1) > 1 or not _holds_volume(spec):
            yield Violation(kind.path, "an update stops every pod before it starts a new one")
    elif kind.exists() and kind.text() != "RollingUpdate":
        yield Violation(kind.path, f"an update has the strategy {kind.shown()}, which does not roll")
    elif resource.kind != "StatefulSet":
        yield from _unavailable(strategy.at("rollingUpdate", "maxUnavailable"), replicas)


def _unavailable(most: Node, replicas: int | None) -> Iterator[Violation]:
    count = most.integer()
    everything = replicas is not None and count is not None and count >= replicas > 0
    if everything or _ALL.fullmatch(most.text() or ""):
        yield Violation(most.path, f"an update may make {most.shown()} pods unavailable, so all")


def _holds_volume(spec: Node) -> bool:
    volumes = spec.at("template", "spec", "volumes").items()
    return any(volume["persistentVolumeClaim"].exists() for volume in volumes)
