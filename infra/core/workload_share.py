"""What a workload takes of its namespace's quota, while everything that can run at the same time does."""

from __future__ import annotations

from infra.core.quota import Share
from infra.core.workload.spec import WorkloadSpec

SURGE = 1
"""Pods that a Deployment starts before it stops old ones: ``maxSurge`` of its rolling update."""

OVERLAP = 1
"""A changed job has another name, and is made before the former one is deleted, which may still run."""

_EXTRA = {"deployment": SURGE, "job": OVERLAP, "statefulset": 0, "cronjob": 0}
"""StatefulSets replace pod by pod; a CronJob with ``concurrencyPolicy: Forbid`` never runs twice."""


def workload_share(spec: WorkloadSpec) -> Share:
    """The share of one workload at maximum replicas, with what a rollout adds."""
    pods = spec.replicas.maximum + _EXTRA[spec.kind]
    volumes = spec.replicas.maximum if spec.storage else 0
    return Share(
        name=spec.name,
        namespace=spec.namespace,
        requests=spec.resources.requests * pods,
        limits=spec.resources.limits * pods,
        pods=pods,
        storage=volumes * spec.storage.size if spec.storage else 0,
        volumes=volumes,
    )
