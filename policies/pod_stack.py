"""The workloads of a stack, with what scales and covers them: what rules about the whole start from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from policies.kinds import GroupKind, group_kind, name_of, namespace_of, of_kinds
from policies.label_selectors import labels_at, selects
from policies.model import Resource, Stack
from policies.node import Node
from policies.unknown import UnknownValueError

CONTROLLERS: Final[frozenset[GroupKind]] = frozenset(
    {("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "ReplicaSet"), ("argoproj.io", "Rollout")}
)
"""The kinds that keep a number of like pods running."""

BUDGETS: Final[tuple[GroupKind, ...]] = (("policy", "PodDisruptionBudget"), ("core", "PodDisruptionBudget"))
"""Disruption budgets; one with an API version that there is not is judged all the same."""

HPA: Final[GroupKind] = ("autoscaling", "HorizontalPodAutoscaler")
SCALED_OBJECT: Final[GroupKind] = ("keda.sh", "ScaledObject")

_BOUNDS: Final = {
    HPA: ("minReplicas", 1, "maxReplicas", 1),
    SCALED_OBJECT: ("minReplicaCount", 0, "maxReplicaCount", 100),
}
"""Where each autoscaler keeps its bounds, and what they are when unset (KEDA: its ScaledObject specification)."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Something that keeps a number of like pods running.

    Attributes:
        resource: The controller.
        template: Its pod template.
        namespace: Its namespace.
        labels: The labels of its pods.
        scalers: The autoscalers of the stack that set its number of pods.
    """

    resource: Resource
    template: Node
    namespace: str
    labels: dict[str, str] = field(repr=False)
    scalers: tuple[Resource, ...]

    @property
    def replicas(self) -> Node:
        """Where the number of pods stands, if no autoscaler sets it."""
        return self.resource.root.at("spec", "replicas")

    @property
    def counted(self) -> bool:
        """Whether the stack says how many pods there are: by a number, or by an autoscaler."""
        return bool(self.scalers) or self.replicas.exists()

    def fewest(self) -> int:
        """The least number of pods that are wanted while it runs.

        Raises:
            UnknownValueError: If it is not known yet.
        """
        return min((_bound(scaler, 0) for scaler in self.scalers), default=self._fixed())

    def most(self) -> int:
        """The greatest number of pods that are wanted at a time.

        Raises:
            UnknownValueError: If it is not known yet.
        """
        return max((_bound(scaler, 2) for scaler in self.scalers), default=self._fixed())

    def _fixed(self) -> int:
        if self.scalers:
            return 1
        count = self.replicas.integer()
        return 1 if count is None else count


def workloads_of(stack: Stack) -> Iterator[tuple[Resource, Workload]]:
    """The workloads, each with its controller; those of which it is not known yet what they are are left out.

    That loses nothing: every rule about pods says of them that they are not known.
    """
    scalers = _scalers(stack)
    for resource in stack.resources:
        if group_kind(resource) not in CONTROLLERS:
            continue
        try:
            namespace = namespace_of(resource)
            own = tuple(scalers.get((namespace, resource.kind, name_of(resource)), ()))
            template = resource.root.at("spec", "template")
            labels = labels_at(template.at("metadata", "labels"))
            # Where a manifest leaves out the template's labels, they must be those of the selector.
            labels = labels or labels_at(resource.root.at("spec", "selector", "matchLabels"))
            yield resource, Workload(resource, template, namespace, labels, own)
        except UnknownValueError:
            continue


def covers(budget: Resource, workload: Workload) -> bool:
    """Whether a disruption budget of the same namespace selects the workload's pods; without a selector it does not.

    Raises:
        UnknownValueError: If it is not known yet what the budget selects.
    """
    selector = budget.root.at("spec", "selector")
    return selector.exists() and selects(selector, workload.labels)


def _scalers(stack: Stack) -> dict[tuple[str, str, str], list[Resource]]:
    found: dict[tuple[str, str, str], list[Resource]] = {}
    for scaler in of_kinds(stack.resources, HPA, SCALED_OBJECT):
        target = scaler.root.at("spec", "scaleTargetRef")
        try:
            key = (namespace_of(scaler), target["kind"].text() or "Deployment", target["name"].text() or "")
        except UnknownValueError:
            continue
        found.setdefault(key, []).append(scaler)
    return found


def _bound(scaler: Resource, which: int) -> int:
    bounds = _BOUNDS[group_kind(scaler)]
    count = scaler.root.at("spec", str(bounds[which])).integer()
    return int(bounds[which + 1]) if count is None else count
