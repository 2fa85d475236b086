from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from policies.kinds import GroupKind, Placed, group_kind, name_of, namespace_of, of_kinds
from policies.model import Resource
from policies.node import Node
from policies.unknown import UnknownValueError

HORIZONTAL: Final[GroupKind] = ("autoscaling", "HorizontalPodAutoscaler")
SCALED_OBJECT: Final[GroupKind] = ("keda.sh", "ScaledObject")
SCALED_JOB: Final[GroupKind] = ("keda.sh", "ScaledJob")

KEDA_MOST: Final = 100
"""Replicas that KEDA scales to at most when maxReplicaCount is not set (KEDA, ScaledObject specification)."""

SCALABLE: Final = (("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "ReplicaSet"))
"""The kinds of Kubernetes' own that an autoscaler can scale."""

Target = tuple[str, str, str]
"""Namespace, kind and name of what is scaled."""


def target_of(autoscaler: Resource) -> Target | None:
    """What an autoscaler scales, or None if it does not say. KEDA takes a Deployment where no kind is named."""
    reference = autoscaler.root.at("spec", "scaleTargetRef")
    name = reference["name"].text()
    kind = reference["kind"].text() or ("Deployment" if group_kind(autoscaler) == SCALED_OBJECT else None)
    return (namespace_of(autoscaler), kind, name) if kind and name else None


def find_workload(target: Target, workloads: Placed[Resource]) -> Resource | None:
    """The object that an autoscaler scales, or None if there is none.

    Args:
        target: What the autoscaler names.
        workloads: What can be scaled, by namespace.

    Raises:
        UnknownValueError: If there is none that is known, and one of which the name is not known yet.
    """
    namespace, kind, name = target
    for workload in workloads.get(namespace, ()):
        if workload.kind == kind and name_of(workload) == name:
            return workload
    workloads.vouch()
    return None


def most_replicas(autoscaler: Resource) -> int | None:
    """The most replicas that an autoscaler may ask for, or None if it does not say."""
    spec = autoscaler.root["spec"]
    if group_kind(autoscaler) == HORIZONTAL:
        return spec["maxReplicas"].integer()
    most = spec["maxReplicaCount"].integer()
    return KEDA_MOST if most is None else most


def maxima(resources: Iterable[Resource]) -> dict[Target, int]:
    """The most replicas of everything that is scaled; what an autoscaler does not know yet is left out."""
    found: dict[Target, int] = {}
    for autoscaler in of_kinds(resources, HORIZONTAL, SCALED_OBJECT):
        try:
            target, most = target_of(autoscaler), most_replicas(autoscaler)
        except UnknownValueError:
            continue
        if target and most is not None:
            found[target] = max(most, found.get(target, 0))
    return found


def replicas_of(resource: Resource, scaled: dict[Target, int]) -> int:
    """The most pods that a workload with `spec.replicas` has, its autoscaler included; one if nothing is said."""
    own = resource.root.at("spec", "replicas").integer()
    most = scaled.get((namespace_of(resource), group_kind(resource)[1], name_of(resource)))
    return max(1 if own is None else own, 0) if most is None else max(most, own or 0, 0)


def surge_of(strategy: Node, replicas: int) -> int:
    """The pods that a Deployment may have above its replicas while it is rolled out; a quarter if nothing is said."""
    if strategy["type"].text() == "Recreate" or replicas == 0:
        return 0
    surge = strategy.at("rollingUpdate", "maxSurge")
    number = surge.integer()
    if number is not None:
        return max(number, 0)
    text = (surge.text() or "25%").removesuffix("%")
    # Kubernetes rounds surges up.
    return -(-replicas * int(text) // 100) if text.isdecimal() and len(text) <= 4 else 0
