from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from policies.pod_places import POD_PLACES

_WRITES: Final = ("CREATE", "UPDATE")
_CREATES: Final = ("CREATE",)


@dataclass(frozen=True, slots=True)
class AdmittedKind:
    """A kind of object that rules are asked about at admission.

    Attributes:
        group: The API group; empty for the core group.
        version: The version whose fields the rules read; the API server converts others to it.
        kind: The kind.
        resources: What the API calls it, with the subresources that change what rules read.
        operations: When it is judged.
    """

    group: str
    version: str
    kind: str
    resources: tuple[str, ...]
    operations: tuple[str, ...] = _WRITES

    @property
    def token(self) -> str:
        """The Pulumi type token."""
        return f"kubernetes:{self.group or 'core'}/{self.version}:{self.kind}"


KINDS: Final = tuple(
    AdmittedKind(*row)
    for row in (
        # The pods of these are immutable, or are made new from a template that is judged itself: to judge an update
        # would keep controllers from scaling down and finalizing what was made before a rule came.
        ("", "v1", "Pod", ("pods",), _CREATES),
        ("apps", "v1", "ReplicaSet", ("replicasets",), _CREATES),
        ("batch", "v1", "Job", ("jobs",), _CREATES),
        # A container that is added to a running pod to look into it.
        ("", "v1", "Pod", ("pods/ephemeralcontainers",), ("UPDATE",)),
        ("", "v1", "PodTemplate", ("podtemplates",)),
        ("", "v1", "ReplicationController", ("replicationcontrollers",)),
        ("apps", "v1", "DaemonSet", ("daemonsets",)),
        ("apps", "v1", "Deployment", ("deployments",)),
        ("apps", "v1", "StatefulSet", ("statefulsets",)),
        ("batch", "v1", "CronJob", ("cronjobs",)),
        ("", "v1", "ConfigMap", ("configmaps",)),
        ("", "v1", "LimitRange", ("limitranges",)),
        ("", "v1", "PersistentVolumeClaim", ("persistentvolumeclaims",)),
        ("", "v1", "ResourceQuota", ("resourcequotas",)),
        ("", "v1", "Service", ("services",)),
        ("", "v1", "ServiceAccount", ("serviceaccounts",)),
        ("autoscaling", "v2", "HorizontalPodAutoscaler", ("horizontalpodautoscalers",)),
        ("kafka.strimzi.io", "v1", "Kafka", ("kafkas",)),
        ("kafka.strimzi.io", "v1", "KafkaUser", ("kafkausers",)),
        ("networking.k8s.io", "v1", "Ingress", ("ingresses",)),
        ("networking.k8s.io", "v1", "NetworkPolicy", ("networkpolicies",)),
        ("policy", "v1", "PodDisruptionBudget", ("poddisruptionbudgets",)),
        ("rbac.authorization.k8s.io", "v1", "Role", ("roles",)),
        ("rbac.authorization.k8s.io", "v1", "RoleBinding", ("rolebindings",)),
        ("security.istio.io", "v1", "AuthorizationPolicy", ("authorizationpolicies",)),
        ("security.istio.io", "v1", "PeerAuthentication", ("peerauthentications",)),
    )
)
"""The kinds that are judged at admission, all of them namespaced.

Objects of the cluster (ClusterRole and the like) belong to no namespace of the platform; to judge them would judge the
cluster's own and every operator's.
"""

POD_KINDS: Final = tuple(
    kind for kind in KINDS if "." not in kind.group and (kind.group or "core", kind.kind) in POD_PLACES
)
"""Those of them that carry pods which the cluster's own controllers make."""
