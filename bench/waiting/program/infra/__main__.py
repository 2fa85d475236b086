"""200 Deployments that no node can take, and after them a ConfigMap that has nothing to do with them."""

import pulumi
from pulumi_kubernetes import Provider
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace

LABELS = {"app.kubernetes.io/name": "stuck", "app.kubernetes.io/part-of": "waiting"}
LABELS |= {"platform/owner": "bench", "platform/cost-centre": "bench"}
PROBE = {"httpGet": {"path": "/", "port": 8080}}

provider = Provider("kubernetes")
space = Namespace("space", metadata={"name": "waiting"}, opts=pulumi.ResourceOptions(provider=provider))
options = pulumi.ResourceOptions(
    provider=provider, depends_on=[space], custom_timeouts=pulumi.CustomTimeouts(create="25s")
)
for number in range(200):
    name = f"stuck-{number}"
    Deployment(
        name,
        metadata={"name": name, "namespace": "waiting", "labels": LABELS},
        spec={
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": LABELS | {"app": name}},
                "spec": {
                    "nodeSelector": {"no-node": "has-this"},
                    "automountServiceAccountToken": False,
                    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                    "containers": [
                        {
                            "name": "main",
                            "image": "stuck:1.0.0",
                            "readinessProbe": PROBE,
                            "livenessProbe": PROBE,
                            "resources": {
                                "requests": {"cpu": "1m", "memory": "1Mi"},
                                "limits": {"cpu": "1m", "memory": "1Mi"},
                            },
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]},
                            },
                        }
                    ],
                },
            },
        },
        opts=options,
    )
ConfigMap(
    "unrelated",
    metadata={"name": "unrelated", "namespace": "waiting"},
    data={"key": "value"},
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[space]),
)
