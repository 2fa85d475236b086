from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class PodPlace:
    """Where a kind of resource carries pod templates.

    Attributes:
        path: Keys from the root to the template (the object that holds `metadata` and `spec`); `*` goes through each
            element of a list.
        finite: Whether its pods are meant to end.
        operator_probes: Whether the kind's operator adds the probes itself when the template has none.
    """

    path: tuple[str, ...]
    finite: bool = False
    operator_probes: bool = False


_TEMPLATE: Final = ("spec", "template")
_RAY_HEAD: Final = ("headGroupSpec", "template")
_RAY_WORKERS: Final = ("workerGroupSpecs", "*", "template")


def _ray(*cluster: str, finite: bool = False) -> tuple[PodPlace, ...]:
    return tuple(PodPlace((*cluster, *path), finite=finite, operator_probes=True) for path in (_RAY_HEAD, _RAY_WORKERS))


POD_PLACES: Final[dict[tuple[str, str], tuple[PodPlace, ...]]] = {
    ("core", "Pod"): (PodPlace(()),),
    ("core", "PodTemplate"): (PodPlace(("template",)),),
    ("core", "ReplicationController"): (PodPlace(_TEMPLATE),),
    ("apps", "Deployment"): (PodPlace(_TEMPLATE),),
    ("apps", "StatefulSet"): (PodPlace(_TEMPLATE),),
    ("apps", "DaemonSet"): (PodPlace(_TEMPLATE),),
    ("apps", "ReplicaSet"): (PodPlace(_TEMPLATE),),
    ("batch", "Job"): (PodPlace(_TEMPLATE, finite=True),),
    ("batch", "CronJob"): (PodPlace(("spec", "jobTemplate", "spec", "template"), finite=True),),
    # KubeRay: ray-operator/apis/ray/v1 (HeadGroupSpec.template, WorkerGroupSpecs[].template); it injects readiness and
    # liveness probes into Ray containers unless ENABLE_PROBES_INJECTION is false.
    ("ray.io", "RayCluster"): _ray("spec"),
    ("ray.io", "RayService"): _ray("spec", "rayClusterConfig"),
    ("ray.io", "RayJob"): _ray("spec", "rayClusterSpec", finite=True),
    # Altinity's operator: docs/chi-examples/99-clickhouseinstallation-max.yaml; it sets both probes of its server.
    ("clickhouse.altinity.com", "ClickHouseInstallation"): (
        PodPlace(("spec", "templates", "podTemplates", "*"), operator_probes=True),
    ),
    # KEDA: jobTargetRef is a batch/v1 JobSpec.
    ("keda.sh", "ScaledJob"): (PodPlace(("spec", "jobTargetRef", "template"), finite=True),),
}
"""The kinds that carry pod templates, by API group (`core` for the group without a name) and kind."""

ANY_KIND: Final = PodPlace(_TEMPLATE)
"""Where a kind that is not listed carries its pod template, if it carries one at all."""
