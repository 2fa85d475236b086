"""cert-manager and metrics-server: their pods, traffic, values and custom resources.

Autoscaling reads CPU use from the metrics API, which metrics-server serves. Its callers verify it by a certificate of
the platform's own authority, which cert-manager issues and renews.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from infra.components.foundation import certificate_models as cm
from infra.core.catalog.charts import Chart, Footprint
from infra.core.cost.usage import Running
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args
from infra.core.names import dns_label
from infra.core.quantity import Compute, format_cpu, format_memory
from infra.core.quota import Share
from infra.core.wiring import Member, Party, api_server_egress
from infra.core.workload.pod import ZONE_KEY

Manifest = dict[str, Any]
COMPONENT = "operators"
CERT_MANAGER = "cert-manager"
METRICS_SERVER = "metrics-server"
KUBELET_PORT = 10250
"""Port of the kubelet (Kubernetes, "Ports and Protocols")."""

WEBHOOK_PORT = 10260
METRICS_PORT = 10270
"""Ports of cert-manager's webhook (values.yaml, webhook.securePort) and of metrics-server (values.yaml, containerPort).

Both charts' default is the kubelet's port. With one of their own, who may ask every node may not ask these two.
"""

NODE_RANGES = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
"""Private and shared addresses (RFC 1918, 6598). Nodes and the API server have such; which ones, the cloud chooses."""

OUTSIDE_MESH = {"istio.io/dataplane-mode": "none"}
"""Label of a pod that the mesh leaves alone (Istio, cni/README.md): the API server, its caller, is not in the mesh."""

PART_OF_LABEL = "app.kubernetes.io/part-of"
SCRATCH = "16Mi"
"""metrics-server writes nothing there but a certificate, and not even that when it is given one."""

DISRUPTION = {"enabled": True, "maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}
"""A pod that is not ready anyhow never holds up the emptying of a node."""

AUTHORITY = "platform-ca"
ROOT = "platform-root"
AUTHORITY_HOURS, AUTHORITY_RENEWAL_HOURS = 17_520, 2_160
SERVER_HOURS, SERVER_RENEWAL_HOURS = 2_160, 720
"""Validity and renewal: two years and a quarter for the authority; a quarter and a month for servers."""


class OperatorPods(Args):
    """One Deployment that a chart makes."""

    chart: str = Field(description="the chart's name in the catalog")
    party: Party
    called_on: int | None = Field(default=None, description="port on which the API server calls it")
    reads_nodes: bool = Field(default=False, description="whether it asks the kubelet of every node")


def pods(namespace: str) -> tuple[OperatorPods, ...]:
    """Every Deployment of both charts, by the labels that the charts' templates give their pods."""

    def part(chart: str, name: str, *labels: str, **more: Any) -> OperatorPods:
        keys = ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component")
        selector = dict(zip(keys, labels, strict=False))
        return OperatorPods(chart=chart, party=Party(name=name, namespace=namespace, selector=selector), **more)

    return (
        part(CERT_MANAGER, "cert-manager", "cert-manager", CERT_MANAGER, "controller"),
        part(CERT_MANAGER, "cert-manager-cainjector", "cainjector", CERT_MANAGER, "cainjector"),
        part(CERT_MANAGER, "cert-manager-webhook", "webhook", CERT_MANAGER, "webhook", called_on=WEBHOOK_PORT),
        part(METRICS_SERVER, METRICS_SERVER, METRICS_SERVER, METRICS_SERVER, called_on=METRICS_PORT, reads_nodes=True),
    )


def members(namespace: str, ownership: Ownership) -> tuple[Member, ...]:
    """Their place in the graph: all of them talk to the API server, and to nobody else of the platform."""
    return tuple(
        Member(party=pod.party, component=COMPONENT, ownership=ownership, api_server=True) for pod in pods(namespace)
    )


def shares(charts: Mapping[str, Chart], namespace: str) -> tuple[Share, ...]:
    """What they take of the namespace's quota; one more of each while it is rolled."""

    def share(pod: OperatorPods) -> Share:
        footprint = charts[pod.chart].footprint
        return Share(pod.party.name, namespace, footprint.total, footprint.total, footprint.replicas + 1)

    return tuple(map(share, pods(namespace)))


def running(charts: Mapping[str, Chart], namespace: str) -> Iterator[Running]:
    """What they are paid for: they never scale."""
    for pod in pods(namespace):
        footprint = charts[pod.chart].footprint
        size = Compute(footprint.cpu, footprint.memory) * footprint.replicas
        yield Running(pod.party.name, size, size)


def network(namespace: str, ownership: Ownership) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of the policies between these pods, the API server and the nodes."""
    for pod in pods(namespace):
        made = [("egress-api-server", api_server_egress(pod.party))]
        if pod.called_on is not None:
            made.append(("ingress-api-server", _nodes(pod.party, "from-api-server", "Ingress", pod.called_on)))
        if pod.reads_nodes:
            made.append(("egress-nodes", _nodes(pod.party, "to-nodes", "Egress", KUBELET_PORT)))
        for role, manifest in made:
            manifest["metadata"]["labels"] = object_labels(pod.party.name, COMPONENT, ownership)
            yield f"{pod.party.name}-{role}", manifest


def cert_manager_values(footprint: Footprint, namespace: str, ownership: Ownership) -> dict[str, Any]:
    """Values of cert-manager's chart (1.21.1, values.yaml). Its own pod security is already the restricted one."""
    parts = {pod.party.name.removeprefix("cert-manager").strip("-"): pod for pod in pods(namespace)[:3]}

    def part(name: str) -> dict[str, Any]:
        pod = parts[name]
        return {
            "replicaCount": footprint.replicas,
            "resources": _resources(footprint),
            "podDisruptionBudget": DISRUPTION,
            "podLabels": OUTSIDE_MESH if pod.called_on else {},
            "topologySpreadConstraints": _spread(pod.party),
            # These pods ask for their token; any other that ran as the account would not get it unasked.
            "serviceAccount": {"automountServiceAccountToken": False},
            "automountServiceAccountToken": True,
        }

    return {
        "global": {
            "commonLabels": _labels(CERT_MANAGER, ownership),
            "priorityClassName": "platform-critical",
            "leaderElection": {"namespace": namespace},
        },
        "crds": {"enabled": False},
        # It would run as a hook of Helm, which only waits.
        "startupapicheck": {"enabled": False},
        "prometheus": {"enabled": False},
        **part(""),
        "webhook": {**part("webhook"), "securePort": WEBHOOK_PORT},
        "cainjector": part("cainjector"),
    }


def metrics_server_values(footprint: Footprint, namespace: str, ownership: Ownership) -> dict[str, Any]:
    """Values of metrics-server's chart (3.13.1, values.yaml). Its callers verify its certificate."""
    labels = _labels(METRICS_SERVER, ownership)
    return {
        "replicas": footprint.replicas,
        "containerPort": METRICS_PORT,
        "resources": _resources(footprint),
        "commonLabels": labels,
        "podLabels": {**labels, **OUTSIDE_MESH},
        "priorityClassName": "platform-critical",
        "podDisruptionBudget": DISRUPTION,
        "topologySpreadConstraints": _spread(pods(namespace)[3].party),
        "tmpVolume": {"emptyDir": {"sizeLimit": SCRATCH}},
        "tls": {"type": "existingSecret", "existingSecret": {"name": f"{METRICS_SERVER}-tls", "lookup": False}},
        "apiService": {
            "insecureSkipTLSVerify": False,
            "annotations": {"cert-manager.io/inject-ca-from": f"{namespace}/{METRICS_SERVER}"},
        },
    }


def certificates(namespace: str, ownership: Ownership) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of the platform's own authority and of what it certifies, each after what it needs."""
    root = cm.IssuerSpec(self_signed=cm.SelfSigned())
    yield "root-issuer", _resource("Issuer", ROOT, namespace, ownership, root)
    authority = cm.CertificateSpec(
        secret_name=AUTHORITY,
        common_name=AUTHORITY,
        is_ca=True,
        duration=_duration(AUTHORITY_HOURS),
        renew_before=_duration(AUTHORITY_RENEWAL_HOURS),
        usages=("digital signature", "cert sign", "crl sign"),
        issuer_ref=cm.IssuerRef(name=ROOT),
    )
    yield "authority", _resource("Certificate", AUTHORITY, namespace, ownership, authority)
    issuer = cm.IssuerSpec(ca=cm.CertificateAuthority(secret_name=AUTHORITY))
    yield "issuer", _resource("Issuer", AUTHORITY, namespace, ownership, issuer)
    served = cm.CertificateSpec(
        secret_name=f"{METRICS_SERVER}-tls",
        dns_names=(f"{METRICS_SERVER}.{namespace}.svc", f"{METRICS_SERVER}.{namespace}.svc.cluster.local"),
        duration=_duration(SERVER_HOURS),
        renew_before=_duration(SERVER_RENEWAL_HOURS),
        usages=("server auth", "digital signature"),
        issuer_ref=cm.IssuerRef(name=AUTHORITY),
    )
    yield "metrics-certificate", _resource("Certificate", METRICS_SERVER, namespace, ownership, served)


def _duration(hours: int) -> str:
    return f"{hours}h0m0s"


def _resource(kind: str, name: str, namespace: str, ownership: Ownership, spec: cm.Model) -> Manifest:
    metadata = {"name": name, "namespace": namespace, "labels": object_labels(name, COMPONENT, ownership)}
    return {"apiVersion": cm.API_VERSION, "kind": kind, "metadata": metadata, "spec": spec.rendered()}


def _labels(name: str, ownership: Ownership) -> dict[str, str]:
    # By the other recommended labels the charts select their pods: a second value would take its place.
    labels = object_labels(name, COMPONENT, ownership)
    return {key: value for key, value in labels.items() if "kubernetes.io/" not in key or key == PART_OF_LABEL}


def _resources(footprint: Footprint) -> dict[str, Any]:
    amount = {"cpu": format_cpu(footprint.cpu), "memory": format_memory(footprint.memory)}
    return {"requests": amount, "limits": amount}


def _spread(party: Party) -> list[dict[str, Any]]:
    selector = {"matchLabels": dict(party.selector)}
    rule = {"maxSkew": 1, "topologyKey": ZONE_KEY, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": selector}
    return [rule]


def _nodes(party: Party, name: str, direction: str, port: int) -> Manifest:
    """Opens one port between a party and the private addresses that nodes and API servers have.

    Pods may have such addresses too, but those of every namespace of ours are refused on their own side.
    """
    peers = [{"ipBlock": {"cidr": cidr}} for cidr in NODE_RANGES]
    rule = {"from" if direction == "Ingress" else "to": peers, "ports": [{"port": port, "protocol": "TCP"}]}
    metadata = {"name": dns_label(party.name, name), "namespace": party.namespace}
    spec = {
        "podSelector": {"matchLabels": dict(party.selector)},
        "policyTypes": [direction],
        direction.lower(): [rule],
    }
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
