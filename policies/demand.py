"""What the workloads of a stack take of a namespace's quota when everything runs at its maximum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from policies.amounts import amount_at
from policies.autoscalers import KEDA_MOST, Target, maxima, replicas_of, surge_of
from policies.kinds import GroupKind, by_namespace, group_kind, namespace_of, of_kinds
from policies.limit_ranges import LIMIT_RANGE, container_defaults
from policies.model import Resource, Stack
from policies.node import Node
from policies.operator_demand import OPERATED
from policies.pod_size import ZERO, Amounts, claims_of, pod_size
from policies.unknown import UnknownValueError

PODS: Final = "pods"
CLAIMS: Final = "persistentvolumeclaims"
STORAGE: Final = "requests.storage"

_Scaled = Mapping[Target, int]


@dataclass(frozen=True, slots=True)
class Demand:
    """What one object takes at most.

    Attributes:
        resource: The object.
        namespace: The namespace whose quota counts it.
        amounts: Amounts by the names of a ResourceQuota, in cores, bytes and pieces.
    """

    resource: Resource
    namespace: str
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Fleet:
    """What is needed to know the demand of any object of a stack.

    Attributes:
        scaled: The most replicas of what an autoscaler scales.
        defaults: What each namespace gives to containers that say nothing.
    """

    scaled: dict[Target, int]
    defaults: dict[str, dict[str, Decimal]]


def fleet_of(stack: Stack) -> Fleet:
    """The autoscalers and the container defaults of a stack; what is not known yet counts as not there."""
    defaults: dict[str, dict[str, Decimal]] = {}
    for name, found in by_namespace(of_kinds(stack.resources, LIMIT_RANGE)).items():
        with suppress(UnknownValueError):
            defaults[name] = container_defaults(found)
    return Fleet(maxima(stack.resources), defaults)


def takes_quota(resource: Resource) -> bool:
    """Whether an object is of a kind whose demand is known."""
    kind = group_kind(resource)
    return kind in _SHAPES or kind in OPERATED or kind == _CLAIM


def demand_of(resource: Resource, fleet: Fleet) -> Demand:
    """What an object takes at most: at the maximum of its autoscaler and in the middle of a rollout.

    A DaemonSet counts once, since a stack does not say how many nodes there are: its namespace takes at least that.

    Raises:
        UnknownValueError: If a number that it depends on is not known yet.
    """
    namespace = namespace_of(resource)
    total: Amounts = {}
    kind = group_kind(resource)
    if kind == _CLAIM:
        _claim(total, resource.root.at("spec", "resources", "requests", "storage"), 1)
    elif kind in OPERATED:
        for count, amounts in OPERATED[kind](resource):
            _add(total, amounts, count)
    else:
        for template, count in _SHAPES[kind](resource, fleet.scaled):
            _add(total, {**pod_size(template["spec"], fleet.defaults.get(namespace, {})), PODS: Decimal(1)}, count)
            for size in claims_of(template["spec"]):
                _claim(total, size, count)
        if kind == _STATEFUL_SET:
            for claim in resource.root.at("spec", "volumeClaimTemplates").items():
                size = claim.at("spec", "resources", "requests", "storage")
                _claim(total, size, replicas_of(resource, fleet.scaled))
    return Demand(resource, namespace, total)


def _add(total: Amounts, amounts: Mapping[str, Decimal], count: int) -> None:
    for name, value in amounts.items():
        total[name] = total.get(name, ZERO) + value * count


def _claim(total: Amounts, size: Node, count: int) -> None:
    _add(total, {STORAGE: amount_at(size) or ZERO, CLAIMS: Decimal(1)}, count)


def _pod(resource: Resource, _: _Scaled) -> Iterator[tuple[Node, int]]:
    yield resource.root, 1


def _replicated(resource: Resource, scaled: _Scaled) -> Iterator[tuple[Node, int]]:
    yield resource.root.at("spec", "template"), replicas_of(resource, dict(scaled))


def _deployment(resource: Resource, scaled: _Scaled) -> Iterator[tuple[Node, int]]:
    replicas = replicas_of(resource, dict(scaled))
    yield resource.root.at("spec", "template"), replicas + surge_of(resource.root.at("spec", "strategy"), replicas)


def _daemon_set(resource: Resource, _: _Scaled) -> Iterator[tuple[Node, int]]:
    yield resource.root.at("spec", "template"), 1


def _job(resource: Resource, _: _Scaled) -> Iterator[tuple[Node, int]]:
    yield resource.root.at("spec", "template"), _parallel(resource.root["spec"])


def _cron_job(resource: Resource, _: _Scaled) -> Iterator[tuple[Node, int]]:
    job = resource.root.at("spec", "jobTemplate", "spec")
    yield job["template"], _parallel(job)


def _scaled_job(resource: Resource, _: _Scaled) -> Iterator[tuple[Node, int]]:
    spec = resource.root["spec"]
    most = spec["maxReplicaCount"].integer()
    yield spec.at("jobTargetRef", "template"), _parallel(spec["jobTargetRef"]) * (KEDA_MOST if most is None else most)


def _parallel(job: Node) -> int:
    parallelism, completions = job["parallelism"].integer(), job["completions"].integer()
    most = 1 if parallelism is None else max(parallelism, 0)
    return most if completions is None else min(most, max(completions, 0))


def _ray(*path: str) -> Callable[[Resource, _Scaled], Iterator[tuple[Node, int]]]:
    def shape(resource: Resource, _: _Scaled) -> Iterator[tuple[Node, int]]:
        cluster = resource.root.at(*path)
        yield cluster.at("headGroupSpec", "template"), 1
        for group in cluster["workerGroupSpecs"].items():
            replicas, most = group["replicas"].integer() or 0, group["maxReplicas"].integer()
            hosts = group["numOfHosts"].integer() or 1
            scales = cluster["enableInTreeAutoscaling"].boolean() and most is not None
            yield group["template"], max(most if scales and most is not None else replicas, 0) * max(hosts, 1)

    return shape


_CLAIM: Final[GroupKind] = ("core", "PersistentVolumeClaim")
_STATEFUL_SET: Final[GroupKind] = ("apps", "StatefulSet")

_SHAPES: Final[dict[GroupKind, Callable[[Resource, _Scaled], Iterator[tuple[Node, int]]]]] = {
    ("core", "Pod"): _pod,
    ("core", "ReplicationController"): _replicated,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replicated,
    _STATEFUL_SET: _replicated,
    ("apps", "DaemonSet"): _daemon_set,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("keda.sh", "ScaledJob"): _scaled_job,
    # KubeRay, ray-operator/apis/ray/v1: maxReplicas counts with enableInTreeAutoscaling only; a replica is numOfHosts
    # pods.
    ("ray.io", "RayCluster"): _ray("spec"),
    ("ray.io", "RayService"): _ray("spec", "rayClusterConfig"),
    ("ray.io", "RayJob"): _ray("spec", "rayClusterSpec"),
}
"""Pod templates of each kind, each with the most pods of it."""
