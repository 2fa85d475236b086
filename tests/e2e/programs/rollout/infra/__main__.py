"""A service of two replicas whose version is configuration, for tests of what happens when it changes."""

import pulumi
from pulumi_kubernetes import Provider
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Namespace, Service

LABELS = {"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "rollout", "app": "web"}
LABELS |= {"platform/owner": "tests", "platform/cost-centre": "tests"}
SECURITY = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
SIZE = {"cpu": "10m", "memory": "32Mi"}

config = pulumi.Config("rollout")
provider = Provider("kubernetes")
space = Namespace("space", metadata={"name": "rollout"}, opts=pulumi.ResourceOptions(provider=provider))
metadata = {"name": "web", "namespace": "rollout", "labels": LABELS}
limits = pulumi.CustomTimeouts(create="30s", update="15s")
options = pulumi.ResourceOptions(provider=provider, depends_on=[space], custom_timeouts=limits)
Deployment(
    "web",
    metadata=metadata,
    spec={
        "replicas": 2,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {
                "automountServiceAccountToken": False,
                "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [
                    {
                        "name": "main",
                        "image": "registry.test/test/python:1.0.0",
                        "ports": [{"name": "http", "containerPort": 8080}],
                        "env": [
                            {"name": "VERSION", "value": config.require("version")},
                            {"name": "NEVER_READY", "value": config.get("neverReady") or ""},
                        ],
                        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 1},
                        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
                        "resources": {"requests": SIZE, "limits": SIZE},
                        "securityContext": SECURITY,
                    }
                ],
            },
        },
    },
    opts=options,
)
Service(
    "web",
    metadata=metadata,
    spec={"selector": {"app": "web"}, "ports": [{"name": "http", "port": 8080, "targetPort": "http"}]},
    opts=options,
)
