"""The workloads of a stack, with what scales and covers them: what rules about the whole start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from policies.model import Resource, Stack, Violation
from policies.node import Node
from policies.pod_selectors import labels_at, selects
from policies.pods import Pod, pods_of
from policies.unknown import UnknownValueError

CONTROLLERS: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout"})
"""The kinds that keep a number of like pods running; the last is Argo's."""

_Target = TypeVar("_Target")

SCALERS: Final = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})


@dataclass(frozen=True, slots=True)
class Workload:
    """Something that makes like pods.

    Attributes:
        resource: The controller.
        pod: Its pod template.
        namespace: The namespace as it is written; empty if there is none.
        labels: The labels of its pods.
        scalers: The autoscalers of the stack that set its number of pods.
    """

    resource: Resource
    pod: Pod
    namespace: str
    labels: dict[str, str] = field(repr=False)
    scalers: tuple[Resource, ...]

    @property
    def replicas(self) -> Node:
        """Where the number of pods stands, if no autoscaler sets it."""
        return self.resource.root.at("spec", "replicas")

    def fewest(self) -> int:
        """The least number of pods that are wanted at any time."""
        return min((_bound(scaler, "min", 1) for scaler in self.scalers), default=self._fixed())

    def most(self) -> int:
        """The greatest number of pods that are wanted at any time."""
        return max((_bound(scaler, "max", 1) for scaler in self.scalers), default=self._fixed())

    def _fixed(self) -> int:
        count = self.replicas.integer()
        return 1 if count is None else count


def namespace_of(resource: Resource) -> str:
    """The namespace that a resource names, or nothing."""
    return resource.root.at("metadata", "namespace").text() or ""


def name_of(resource: Resource) -> str:
    """The name of the Kubernetes object, or nothing."""
    return resource.root.at("metadata", "name").text() or ""


def of_kind(stack: Stack, *kinds: str) -> Iterator[Resource]:
    """The Kubernetes objects of these kinds, of whatever API version."""
    for resource in stack.resources:
        if resource.kind in kinds and resource.type.startswith("kubernetes:"):
            yield resource


def workloads_of(stack: Stack) -> list[Workload]:
    """The workloads that run a number of like pods; those of which too little is known yet are left out."""
    scalers: dict[tuple[str, str, str], list[Resource]] = {}
    for scaler in of_kind(stack, *SCALERS):
        target = scaler.root.at("spec", "scaleTargetRef")
        if _readable(target["name"], target["kind"], scaler.root.at("metadata", "namespace")):
            kind = target["kind"].text() or "Deployment"
            scalers.setdefault((namespace_of(scaler), kind, target["name"].text() or ""), []).append(scaler)
    found = []
    for resource in of_kind(stack, *CONTROLLERS):
        try:
            namespace = namespace_of(resource)
            of_this = tuple(scalers.get((namespace, resource.kind, name_of(resource)), ()))
            found += [
                Workload(resource, pod, namespace, labels_at(pod.node.at("metadata", "labels")), of_this)
                for pod in pods_of(resource)
            ]
        except UnknownValueError:
            continue
    return found


def budgets_of(stack: Stack, workload: Workload) -> list[Resource]:
    """The PodDisruptionBudgets that select the workload's pods."""
    return [
        budget
        for budget in of_kind(stack, "PodDisruptionBudget")
        if namespace_of(budget) == workload.namespace and selects(budget.root.at("spec", "selector"), workload.labels)
    ]


def each(targets: Iterable[_Target], judge: Callable[[_Target], Iterator[Violation]]) -> Iterator[Violation]:
    """Judge the targets one after the other, so that a value that is not known hides nothing about the others.

    Raises:
        UnknownValueError: After all that can be judged, if a value was not known.
    """
    unknown: UnknownValueError | None = None
    for target in targets:
        try:
            yield from judge(target)
        except UnknownValueError as error:
            owner = target.resource if isinstance(target, Workload) else target
            prefix = f"{owner.address} " if isinstance(owner, Resource) else ""
            unknown = unknown or UnknownValueError(f"{prefix}{error.path}")
    if unknown is not None:
        raise unknown


def _bound(scaler: Resource, which: str, default: int) -> int:
    spec = scaler.root["spec"]
    # KEDA's default for maxReplicaCount is 100 (its ScaledObject specification).
    key = f"{which}Replicas" if scaler.kind == "HorizontalPodAutoscaler" else f"{which}ReplicaCount"
    count = spec[key].integer()
    if count is not None:
        return count
    return (0 if which == "min" else 100) if scaler.kind == "ScaledObject" else default


def _readable(*nodes: Node) -> bool:
    return all(node.known() for node in nodes)
