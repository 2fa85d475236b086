"""The one way to declare something that runs."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from infra.core.component import PlatformComponent
from infra.core.kubernetes_object import KubernetesObject
from infra.core.names import service_host
from infra.core.workload.manifests import network_manifests, workload_manifests
from infra.core.workload.scaled_object import API_VERSION
from infra.core.workload.spec import LONG_RUNNING, WorkloadSpec

BEFORE_CONTROLLER = ("account", "config", "service")


class Workload(PlatformComponent):
    """A workload and everything that follows from its declaration.

    Children: ServiceAccount, ConfigMap (with files), Service (with ``serves``), the controller, PodDisruptionBudget
    (with replicas), HorizontalPodAutoscaler (with a range of replicas) or ScaledObject and TriggerAuthentication (with
    ``autoscale``), the NetworkPolicies of ``uses`` and ``peers``.

    Args:
        name: name in the URN.
        spec: the declaration.
        after: what must exist before any of it, such as the namespace.
        ready_after: what must exist before its pods start, such as the secrets that they mount.
        scalers: what must exist before an object of KEDA, and until it is gone.
        keep: whether its storage must outlive a mistake.

    Attributes:
        host: DNS name inside the cluster.
        controller: the Deployment, StatefulSet, Job or CronJob.
    """

    DOMAIN = "core"
    host: str
    controller: KubernetesObject

    def __init__(
        self,
        name: str,
        spec: WorkloadSpec,
        *,
        after: Sequence[pulumi.Resource] = (),
        ready_after: Sequence[pulumi.Resource] = (),
        scalers: Sequence[pulumi.Resource] = (),
        keep: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        first: list[KubernetesObject] = []
        for role, manifest in workload_manifests(spec):
            if role in BEFORE_CONTROLLER:
                first.append(self.declare(role, manifest, after=after))
            elif role == spec.kind:
                waits = [*after, *ready_after, *first]
                self.controller = self.declare(role, manifest, after=waits, keep=keep and spec.storage is not None)
            else:
                keda = scalers if manifest["apiVersion"] == API_VERSION else ()
                self.declare(role, manifest, after=[*after, *keda])
        for role, manifest in network_manifests(spec):
            self.declare(role, manifest, after=after)
        self.host = service_host(spec.name, spec.namespace) if spec.kind in LONG_RUNNING else ""
        self.register_outputs({"host": self.host})
