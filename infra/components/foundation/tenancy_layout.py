"""What a namespace consists of, and how tenants share an environment: pure arithmetic and manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from infra.core.catalog.tenants import Tenant
from infra.core.labels import Environment, Ownership, object_labels
from infra.core.models import Args
from infra.core.names import dns_label
from infra.core.quantity import Compute, format_cpu, format_memory, gibibytes
from infra.core.quota import Budget, Share
from infra.core.wiring import allow_probes, default_deny, dns_egress
from infra.core.wiring.mesh import DATAPLANE

Manifest = dict[str, Any]
POD_SECURITY_VERSION = "v1.34"
"""Version of the Pod Security Standards that namespaces enforce; it moves with the cluster, on purpose by hand."""

DEFAULT_REQUEST = Compute(100, 128 * 1024**2)
DEFAULT_LIMIT = Compute(500, 512 * 1024**2)
"""What a container gets that says nothing: enough to start, too little to disturb."""

LEAST = Compute(10, 16 * 1024**2)
TENANT_PODS_PER_CORE = 10
"""Pods that a tenant may have for each core of its share."""

TENANT_STORAGE_PER_GIB = 10
"""GiB of volumes that a tenant may claim for each GiB of memory of its share."""

READ = ("get", "list", "watch")
WRITE = (*READ, "create", "update", "patch", "delete")

ROLES: Mapping[str, Sequence[tuple[str, Sequence[str], Sequence[str]]]] = {
    "viewer": (
        ("", ("configmaps", "events", "persistentvolumeclaims", "pods", "pods/log", "services"), READ),
        ("apps", ("deployments", "replicasets", "statefulsets"), READ),
        ("batch", ("cronjobs", "jobs"), READ),
    ),
    "operator": (
        ("", ("pods",), ("get", "list", "watch", "delete")),
        ("apps", ("deployments/scale", "statefulsets/scale"), ("get", "patch")),
    ),
    "developer": (
        ("", ("configmaps", "persistentvolumeclaims", "services"), WRITE),
        ("", ("secrets",), ("create", "update", "delete")),
        ("apps", ("deployments", "statefulsets"), WRITE),
        ("batch", ("cronjobs", "jobs"), WRITE),
    ),
    "auditor": (
        ("", ("limitranges", "resourcequotas", "serviceaccounts"), READ),
        ("networking.k8s.io", ("networkpolicies",), READ),
        ("policy", ("poddisruptionbudgets",), READ),
        ("rbac.authorization.k8s.io", ("rolebindings", "roles"), READ),
    ),
}
"""API group, resources and verbs of each role. Nobody may list secrets, change quotas, policies or roles, or exec."""

LOGIN_PREFIX = "oidc:"
"""Beginning of every name and group that a token of the identity provider brings: no token can be of `system:masters`,
or of a group that somebody was given in another way."""

PLATFORM_ROLES = ("viewer", "operator", "auditor")
TENANT_ROLES = ("viewer", "developer", "auditor")

PRIORITIES: Mapping[str, tuple[int, str]] = {
    "platform-critical": (1_000_000, "What others stop without: brokers and databases"),
    "platform-standard": (100_000, "Services of the platform"),
    "tenant-standard": (10_000, "What tenants run"),
}
"""Value and meaning of each PriorityClass; system-critical ones begin at 2,000,000,000 (Kubernetes, Pod Priority)."""


class NamespaceSpec(Args):
    """One namespace with everything that belongs into it."""

    name: str = Field(description="namespace's name")
    ownership: Ownership
    budget: Budget = Field(description="numbers of its ResourceQuota")
    largest: Compute = Field(description="most that one container may ask for")
    roles: tuple[str, ...] = Field(description="roles that its groups get")
    group_prefix: str = Field(default="", description="beginning of the groups' names")
    keep: bool = Field(default=False, description="whether it outlives a mistake: everything in it goes with it")


def tenant_namespace(name: str) -> str:
    """Name of a tenant's namespace."""
    return dns_label("tenant", name)


def tenant_share(name: str, tenant: Tenant, environment_quota: Compute) -> Share:
    """What a tenant takes of its environment."""
    share = environment_quota.percent(tenant.quota_percent)
    gib = max(1, share.memory // gibibytes(1))
    return Share(
        name=name,
        namespace=tenant_namespace(name),
        requests=share,
        limits=share * 2,
        pods=max(10, share.cpu * TENANT_PODS_PER_CORE // 1000),
        storage=gibibytes(gib * TENANT_STORAGE_PER_GIB),
        volumes=max(5, gib),
    )


def tenant_spec(
    name: str, tenant: Tenant, environment: Environment, environment_quota: Compute, *, keep: bool = False
) -> NamespaceSpec:
    """The namespace of one tenant, sized by its share.

    Args:
        name: the tenant's name.
        tenant: its entry.
        environment: environment that it lives in.
        environment_quota: what the whole environment may request.
        keep: whether namespaces of the environment outlive a mistake; that of a tenant that leaves does not.
    """
    share = tenant_share(name, tenant, environment_quota)
    ownership = Ownership(
        environment=environment, owner=tenant.owner, cost_centre=tenant.cost_centre, tenant=name, data_class="internal"
    )
    budget = Budget(share.requests, share.limits, share.pods, share.storage, share.volumes)
    return NamespaceSpec(
        name=share.namespace,
        ownership=ownership,
        budget=budget,
        largest=share.requests,
        roles=TENANT_ROLES,
        keep=keep and not tenant.leaving,
    )


def namespace_manifest(spec: NamespaceSpec) -> Manifest:
    """The namespace itself, in which no pod may be less than restricted, and each is part of the mesh."""
    labels = {**object_labels(spec.name, "tenancy", spec.ownership), **DATAPLANE}
    for mode in ("enforce", "audit", "warn"):
        labels[f"pod-security.kubernetes.io/{mode}"] = "restricted"
        labels[f"pod-security.kubernetes.io/{mode}-version"] = POD_SECURITY_VERSION
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": spec.name, "labels": labels}}


def content_manifests(spec: NamespaceSpec) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of what stands in the namespace before anything runs there."""
    yield "quota", _labelled(spec, _quota(spec))
    yield "limits", _labelled(spec, _limits(spec))
    yield "default-deny", _labelled(spec, default_deny(spec.name))
    yield "allow-dns", _labelled(spec, dns_egress(spec.name))
    yield "allow-probes", _labelled(spec, allow_probes(spec.name))
    for role in spec.roles:
        rules = [
            {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
            for group, resources, verbs in ROLES[role]
        ]
        yield f"role-{role}", _labelled(spec, _rbac(spec, "Role", role, rules=rules))
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}
        group = {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Group",
            "name": f"{spec.group_prefix}{spec.ownership.tenant}:{role}s",
        }
        binding = _rbac(spec, "RoleBinding", role, roleRef=reference, subjects=[group])
        yield f"binding-{role}", _labelled(spec, binding)


def priority_manifests(ownership: Ownership) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of the priority classes. None is the default: a pod that names none comes last."""
    for name, (value, meaning) in PRIORITIES.items():
        yield (
            f"priority-{name}",
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": name, "labels": object_labels(name, "tenancy", ownership)},
                "value": value,
                "globalDefault": False,
                "preemptionPolicy": "PreemptLowerPriority",
                "description": meaning,
            },
        )


def _labelled(spec: NamespaceSpec, manifest: Manifest) -> Manifest:
    manifest["metadata"]["labels"] = object_labels(manifest["metadata"]["name"], "tenancy", spec.ownership)
    return manifest


def _quota(spec: NamespaceSpec) -> Manifest:
    budget = spec.budget
    hard = {
        "requests.cpu": format_cpu(budget.requests.cpu),
        "requests.memory": format_memory(budget.requests.memory),
        "limits.cpu": format_cpu(budget.limits.cpu),
        "limits.memory": format_memory(budget.limits.memory),
        "pods": str(budget.pods),
        "requests.storage": format_memory(budget.storage),
        "persistentvolumeclaims": str(budget.volumes),
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }
    metadata = {"name": "quota", "namespace": spec.name}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}}


def _limits(spec: NamespaceSpec) -> Manifest:
    def amount(compute: Compute) -> dict[str, str]:
        least = Compute(min(compute.cpu, spec.largest.cpu), min(compute.memory, spec.largest.memory))
        return {"cpu": format_cpu(least.cpu), "memory": format_memory(least.memory)}

    limit = {
        "type": "Container",
        "default": amount(DEFAULT_LIMIT),
        "defaultRequest": amount(DEFAULT_REQUEST),
        "max": amount(spec.largest),
        "min": amount(LEAST),
    }
    metadata = {"name": "limits", "namespace": spec.name}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": {"limits": [limit]}}


def _rbac(spec: NamespaceSpec, kind: str, name: str, **fields: Any) -> Manifest:
    metadata = {"name": name, "namespace": spec.name}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, **fields}
