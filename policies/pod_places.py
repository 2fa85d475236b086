from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from policies.node import Node
from policies.pod_operators import (
    flink_deployment,
    scheduled_spark_application,
    spark_application,
    strimzi_kafka,
    strimzi_pool,
)


@dataclass(frozen=True, slots=True)
class PodPlace:
    """Where a kind of resource carries pod templates.

    Attributes:
        path: Keys from the root to the template (the object that holds `metadata` and `spec`); `*` goes through each
            element of a list.
        finite: Whether its pods are meant to end.
        operator_probes: Whether the kind's operator adds the probes itself when the template has none.
        built: Puts the templates together from the place that the path leads to, for a kind whose operator builds its
            pods from fields of its own. What such a template lacks the operator adds, so that only what it says can be
            judged.
    """

    path: tuple[str, ...]
    finite: bool = False
    operator_probes: bool = False
    built: Callable[[Node], Iterator[Node]] | None = None


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
    # The same operator and the same templates: docs/chk-examples of Altinity's operator.
    ("clickhouse-keeper.altinity.com", "ClickHouseKeeperInstallation"): (
        PodPlace(("spec", "templates", "podTemplates", "*"), operator_probes=True),
    ),
    # Seldon Core 1: each of predictors[].componentSpecs[] is a pod template of which it makes a Deployment, with probes
    # where there are none.
    ("machinelearning.seldon.io", "SeldonDeployment"): (
        PodPlace(("spec", "predictors", "*", "componentSpecs", "*"), operator_probes=True),
    ),
    ("flink.apache.org", "FlinkDeployment"): (PodPlace((), built=flink_deployment),),
    ("sparkoperator.k8s.io", "SparkApplication"): (PodPlace((), finite=True, built=spark_application),),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication"): (
        PodPlace((), finite=True, built=scheduled_spark_application),
    ),
    ("kafka.strimzi.io", "Kafka"): (PodPlace((), built=strimzi_kafka),),
    ("kafka.strimzi.io", "KafkaNodePool"): (PodPlace((), built=strimzi_pool),),
    # KEDA: jobTargetRef is a batch/v1 JobSpec.
    ("keda.sh", "ScaledJob"): (PodPlace(("spec", "jobTargetRef", "template"), finite=True),),
}
"""The kinds that carry pod templates, by API group (`core` for the group without a name) and kind."""

ANY_KIND: Final = PodPlace(_TEMPLATE)
"""Where a kind that is not listed carries its pod template, if it carries one at all."""
