"""One object of each kind that a platform declares, with the fields that the server likes to complete or rewrite."""

from __future__ import annotations

from typing import Any

RBAC = "rbac.authorization.k8s.io"


def _probe(path: str) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": "http"}, "periodSeconds": 5}


def _pod() -> dict[str, Any]:
    container = {
        "name": "app",
        "image": "registry.invalid/app:1",
        "args": ["--fast"],
        "ports": [{"name": "http", "containerPort": 8080}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}],
        "env": [
            {"name": "EMPTY", "value": ""},
            {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1"}}},
        ],
        "envFrom": [{"configMapRef": {"name": "c"}}],
        "livenessProbe": _probe("/healthz"),
        "readinessProbe": _probe("/readyz"),
        "resources": {"requests": {"cpu": 0.5, "memory": "1024Mi"}, "limits": {"cpu": "2000m", "memory": "2048Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/app", "readOnly": True},
            {"name": "tmp", "mountPath": "/scratch", "readOnly": False},
        ],
    }
    return {
        "automountServiceAccountToken": False,
        "containers": [container],
        "hostNetwork": False,
        "initContainers": [{"name": "init", "image": "registry.invalid/init:1", "command": ["true"]}],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 0,
        "tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app": "x"}},
            }
        ],
        "volumes": [
            {"name": "config", "configMap": {"name": "c"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "1024Mi"}},
            {"name": "shm", "emptyDir": {}},
            {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "a"}}]}},
        ],
    }


def _template() -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "x"}, "annotations": {}}, "spec": _pod()}


def corpus(namespace: str) -> list[dict[str, Any]]:
    """Write the objects; the cluster-wide ones are named after the namespace."""

    def of(api_version: str, kind: str, **fields: Any) -> dict[str, Any]:
        metadata = {"name": "x", "namespace": namespace, "labels": {"app": "x"}}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}

    def wide(api_version: str, kind: str, **fields: Any) -> dict[str, Any]:
        return {"apiVersion": api_version, "kind": kind, "metadata": {"name": f"{namespace}-x"}, **fields}

    selector = {"matchLabels": {"app": "x"}}
    workload = {"replicas": 0, "selector": selector, "template": _template()}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}}
    job = {"suspend": True, "template": {"spec": {**_pod(), "restartPolicy": "Never"}}}
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
    peers = [{"namespaceSelector": {}, "podSelector": selector}]
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
    queue = {"metric": {"name": "depth"}, "target": {"type": "AverageValue", "averageValue": "1000m"}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
    return [
        of("v1", "ServiceAccount", automountServiceAccountToken=False),
        of("v1", "ConfigMap", data={"a.properties": "x=1\n"}, binaryData={"b": "eA=="}),
        of("v1", "Secret", type="Opaque", data={"a": "YQ=="}, stringData={"b": "b"}),
        of("v1", "ResourceQuota", spec={"hard": {"requests.cpu": "4000m", "limits.memory": "8192Mi", "pods": "20"}}),
        of(
            "v1",
            "LimitRange",
            spec={
                "limits": [
                    {
                        "type": "Container",
                        "default": {"cpu": "1000m", "memory": "1024Mi"},
                        "defaultRequest": {"cpu": 0.1},
                        "max": {"cpu": "4"},
                    }
                ]
            },
        ),
        of("v1", "PersistentVolumeClaim", spec=claim),
        of(
            "v1",
            "Service",
            spec={
                "type": "ClusterIP",
                "selector": {"app": "x"},
                "publishNotReadyAddresses": False,
                "ports": [
                    {"name": "http", "port": 80, "targetPort": "http"},
                    {"name": "dns", "port": 53, "targetPort": 53, "protocol": "UDP"},
                ],
            },
        ),
        of("apps/v1", "Deployment", spec=workload),
        of(
            "apps/v1",
            "StatefulSet",
            spec={
                **workload,
                "serviceName": "x",
                "podManagementPolicy": "Parallel",
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
            },
        ),
        of("apps/v1", "DaemonSet", spec={"selector": selector, "template": _template()}),
        of("batch/v1", "Job", spec=job),
        of("batch/v1", "CronJob", spec={"schedule": "0 2 * * *", "suspend": True, "jobTemplate": {"spec": job}}),
        of(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            spec={
                "minReplicas": 1,
                "maxReplicas": 3,
                "scaleTargetRef": target,
                "metrics": [cpu, {"type": "Pods", "pods": queue}],
            },
        ),
        of("policy/v1", "PodDisruptionBudget", spec={"maxUnavailable": 1, "selector": selector}),
        of(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            spec={
                "podSelector": {},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": peers, "ports": [{"port": 8080}]}],
                "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 53, "protocol": "UDP"}]}],
            },
        ),
        of(f"{RBAC}/v1", "Role", rules=[rule]),
        of(
            f"{RBAC}/v1",
            "RoleBinding",
            roleRef={"apiGroup": RBAC, "kind": "Role", "name": "x"},
            subjects=[{"kind": "ServiceAccount", "name": "x", "namespace": namespace}],
        ),
        of("coordination.k8s.io/v1", "Lease", spec={"holderIdentity": "x"}),
        wide(f"{RBAC}/v1", "ClusterRole", rules=[rule]),
        wide("scheduling.k8s.io/v1", "PriorityClass", value=10, globalDefault=False, description="x"),
        wide("storage.k8s.io/v1", "StorageClass", provisioner="example.com/none", parameters={"a": "b"}),
        wide("networking.k8s.io/v1", "IngressClass", spec={"controller": "example.com/none"}),
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": f"{namespace}-x", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        },
        wide(
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicy",
            spec={
                "failurePolicy": "Fail",
                "matchConstraints": {
                    "resourceRules": [
                        {
                            "apiGroups": ["apps"],
                            "apiVersions": ["v1"],
                            "operations": ["CREATE", "UPDATE"],
                            "resources": ["deployments"],
                        }
                    ]
                },
                "validations": [{"expression": "object.spec.replicas <= 100", "message": "too many"}],
            },
        ),
        wide(
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicyBinding",
            spec={"policyName": f"{namespace}-x", "validationActions": ["Deny"]},
        ),
    ]
