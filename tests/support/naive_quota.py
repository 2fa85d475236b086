"""A second opinion on quotas: adds up rendered manifests as Kubernetes would count them, in exact fractions.

It knows nothing of the program's own arithmetic: it reads quantities as text, finds what a rollout adds in the
manifests themselves, and holds every ResourceQuota against what is in its namespace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

Manifest = Mapping[str, Any]
SUFFIXES = {
    "m": Fraction(1, 1000),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
}
COMPUTE = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
COUNTED = (*COMPUTE, "pods", "requests.storage", "persistentvolumeclaims")


def quantity(text: Any) -> Fraction:
    """A Kubernetes quantity, exactly."""
    text = str(text)
    digits = text.rstrip("kmMGTi")
    return Fraction(digits) * SUFFIXES.get(text[len(digits) :], Fraction(1))


def too_much(manifests: Iterable[Manifest], *, cpu: str, memory: str) -> list[str]:
    """What does not fit: quotas of the environment, and what runs of the quota of its namespace."""
    manifests = list(manifests)
    quotas = {m["metadata"]["namespace"]: m["spec"]["hard"] for m in manifests if m["kind"] == "ResourceQuota"}
    found = []
    for key, limit in (("requests.cpu", cpu), ("requests.memory", memory)):
        if sum(quantity(hard[key]) for hard in quotas.values()) > quantity(limit):
            found.append(f"environment: {key}")
    for namespace, used in usage(manifests).items():
        hard = quotas[namespace]
        found += [f"{namespace}: {key}" for key in COUNTED if used[key] > quantity(hard[key])]
    return found


def outside_limit_ranges(manifests: Iterable[Manifest]) -> list[str]:
    """Containers that ask for more, or less, than the LimitRange of their namespace allows."""
    manifests = list(manifests)
    ranges = {m["metadata"]["namespace"]: m["spec"]["limits"][0] for m in manifests if m["kind"] == "LimitRange"}
    found = []
    for manifest in manifests:
        for _, containers in _pods(manifest, None):
            allowed = ranges[manifest["metadata"]["namespace"]]
            found += [
                f"{manifest['kind']} {manifest['metadata']['name']}: {resource}"
                for container in containers
                for resource in ("cpu", "memory")
                if quantity(container["limits"][resource]) > quantity(allowed["max"][resource])
                or quantity(container["requests"][resource]) < quantity(allowed["min"][resource])
            ]
    return found


def usage(manifests: Iterable[Manifest]) -> dict[str, dict[str, Fraction]]:
    """What each namespace takes at most, by the keys of a ResourceQuota."""
    manifests = list(manifests)
    scalers = {
        (m["metadata"]["namespace"], m["spec"]["scaleTargetRef"]["name"]): m["spec"]["maxReplicas"]
        for m in manifests
        if m["kind"] == "HorizontalPodAutoscaler"
    }
    total: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for manifest in manifests:
        place = manifest["metadata"].get("namespace", "")
        spec = manifest.get("spec", {})
        for pods, containers in _pods(manifest, scalers.get((place, manifest["metadata"]["name"]))):
            total[place]["pods"] += pods
            for container in containers:
                for key in COMPUTE:
                    group, resource = key.split(".")
                    total[place][key] += pods * quantity(container[group][resource])
        for count, size in _volumes(manifest["kind"], spec):
            total[place]["persistentvolumeclaims"] += count
            total[place]["requests.storage"] += count * quantity(size)
    return total


def _pods(manifest: Manifest, most: int | None) -> Iterable[tuple[int, list[Manifest]]]:
    kind, spec = manifest["kind"], manifest.get("spec", {})
    if kind == "Deployment":
        surge = spec["strategy"]["rollingUpdate"]["maxSurge"]
        yield (most or spec.get("replicas", 1)) + surge, _containers(spec)
    elif kind == "StatefulSet":
        yield spec["replicas"], _containers(spec)
    elif kind == "Job":
        # A changed job is another object: the former may still run.
        yield 2 * spec["parallelism"], _containers(spec)
    elif kind == "CronJob":
        assert spec["concurrencyPolicy"] == "Forbid"
        yield spec["jobTemplate"]["spec"]["parallelism"], _containers(spec["jobTemplate"]["spec"])
    elif kind == "KafkaNodePool":
        yield spec["replicas"], [spec["resources"]]
    elif kind == "Kafka":
        # One Deployment of one replica, rolled with one pod more (Strimzi, deploymentStrategy RollingUpdate).
        operators = spec["entityOperator"]
        yield 2, [operators["topicOperator"]["resources"], operators["userOperator"]["resources"]]
    elif kind == "ChartValues":
        yield spec["replicas"] + 1, [spec["resources"]]


def _containers(spec: Manifest) -> list[Manifest]:
    return [container["resources"] for container in spec["template"]["spec"]["containers"]]


def _volumes(kind: str, spec: Manifest) -> Iterable[tuple[int, str]]:
    if kind == "StatefulSet":
        for claim in spec.get("volumeClaimTemplates", ()):
            yield spec["replicas"], claim["spec"]["resources"]["requests"]["storage"]
    elif kind == "KafkaNodePool":
        for volume in spec["storage"]["volumes"]:
            yield spec["replicas"], volume["size"]
