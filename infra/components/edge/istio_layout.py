"""Istio's control plane and its two agents of each node: pods, traffic and values of the charts (docs/adr/0010).

The agents must have the node's own rights (to enter the network of its pods), so they live where the cluster's other
agents do, in kube-system; Istio provides for that (NewNamespaceController: "kube-system is not skipped to enable
deploying ztunnel in that namespace"). The control plane needs no such rights and lives with the other operators.
"""

from __future__ import annotations

from typing import Any

from infra.components.foundation.operators_pods import (
    DISRUPTION,
    SYSTEM,
    Agent,
    OperatorPods,
    chart_labels,
    chart_resources,
    operator_pods,
    zone_spread,
)
from infra.core.catalog.charts import Chart, Footprint
from infra.core.labels import Ownership
from infra.core.quantity import format_cpu, format_memory

ISTIOD = "istiod"
CNI = "istio-cni"
ZTUNNEL = "ztunnel"
CHARTS = (ISTIOD, CNI, ZTUNNEL)
"""The charts, in the order in which they are installed. A fourth, `base`, has the definitions, which the mesh declares
by itself, and what joins several clusters."""

AGENTS = (CNI, ZTUNNEL)
IDENTITY_PORT = 15012
"""Port on which the agents get identities and configuration (istiod's chart, deployment.yaml, tls-xds)."""

WEBHOOK_PORT = 15017
"""Port on which the API server has Istio's objects judged (istiod's chart, deployment.yaml, https-webhooks)."""

IMAGES = "docker.io/istio"
"""Where Istio's images are; the charts' own default ends in December 2026 (Istio blog, "An update on our move to AWS",
2026-08-21)."""

ROOT_NAMESPACE = "istio-system"
"""What stands in this namespace holds for the whole mesh. There is no such namespace, on purpose: it would otherwise be
that of the control plane, and a policy for an operator there would be one for all pods that look like it."""


def pods(namespace: str) -> tuple[OperatorPods, ...]:
    """The control plane. Its agents ask it for identities; the API server asks it to judge Istio's objects."""
    agent = Agent(name=ZTUNNEL, selector={"app": ZTUNNEL}, port=IDENTITY_PORT)
    return (operator_pods(ISTIOD, ISTIOD, namespace, ISTIOD, ISTIOD, called_on=WEBHOOK_PORT, agents=(agent,)),)


def values(name: str, chart: Chart, namespace: str, ownership: Ownership) -> dict[str, Any]:
    """Values of one of the charts (Istio 1.31.1, manifests/charts). Istio tags images as it does charts.

    Args:
        name: its name in the catalog.
        chart: its version, and what a replica may use.
        namespace: namespace of the control plane.
        ownership: who answers and pays for it.
    """
    if name == ISTIOD:
        return _control_plane(chart, namespace, ownership)
    labels = _labels(name, ownership)
    if name == CNI:
        return {
            "profile": "ambient",
            "global": {"hub": IMAGES, "tag": chart.version, "imagePullPolicy": "IfNotPresent", "logAsJson": True},
            "daemonSetLabels": labels,
            "podLabels": labels,
            "resources": _agent(chart.footprint),
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    return {
        "hub": IMAGES,
        "tag": chart.version,
        "imagePullPolicy": "IfNotPresent",
        "logAsJson": True,
        "istioNamespace": namespace,
        "labels": labels,
        "podLabels": labels,
        "resources": _agent(chart.footprint),
    }


def release_namespace(chart: str, namespace: str) -> str:
    """Namespace that a chart is installed in."""
    return SYSTEM if chart in AGENTS else namespace


def _control_plane(chart: Chart, namespace: str, ownership: Ownership) -> dict[str, Any]:
    labels = _labels(ISTIOD, ownership)
    (pod,) = pods(namespace)
    return {
        "profile": "ambient",
        "autoscaleEnabled": False,
        "replicaCount": chart.footprint.replicas,
        "rollingMaxSurge": 1,
        "rollingMaxUnavailable": 0,
        "resources": chart_resources(chart.footprint),
        "seccompProfile": {"type": "RuntimeDefault"},
        "deploymentLabels": labels,
        "podLabels": labels,
        "topologySpreadConstraints": zone_spread(pod.party),
        "pdb": {key: value for key, value in DISRUPTION.items() if key != "enabled"},
        "trustedZtunnelNamespace": SYSTEM,
        # Nothing declares a gateway of Istio's, so it need not be able to make the pods of one.
        "env": {"PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER": "false"},
        "global": {
            "istioNamespace": namespace,
            "hub": IMAGES,
            "tag": chart.version,
            # Only other clusters would read as this account.
            "enableReaderRBAC": False,
            "imagePullPolicy": "IfNotPresent",
            "logAsJson": True,
            "priorityClassName": "platform-critical",
        },
        "meshConfig": {
            "rootNamespace": ROOT_NAMESPACE,
            # For proxies that know hosts; the nodes' own proxy does not hold a client to them (docs/adr/0010).
            "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
        },
    }


def _labels(name: str, ownership: Ownership) -> dict[str, str]:
    # The charts write all recommended labels themselves, after ours.
    return {key: value for key, value in chart_labels(name, ownership).items() if "kubernetes.io/" not in key}


def _agent(footprint: Footprint) -> dict[str, Any]:
    """No limit of CPU: whatever a node's pods send waits for its agent."""
    amount = {"cpu": format_cpu(footprint.cpu), "memory": format_memory(footprint.memory)}
    return {"requests": amount, "limits": {"memory": amount["memory"]}}
