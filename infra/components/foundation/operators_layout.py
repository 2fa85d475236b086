"""cert-manager and metrics-server: their pods, traffic, values and custom resources.

Autoscaling reads CPU use from the metrics API, which metrics-server serves. Its callers verify it by a certificate of
the platform's own authority, which cert-manager issues and renews.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.components.foundation import certificate_models as cm
from infra.components.foundation.operators_pods import (
    COMPONENT,
    DISRUPTION,
    OUTSIDE_MESH,
    OperatorPods,
    chart_labels,
    chart_resources,
    operator_pods,
    zone_spread,
)
from infra.core.catalog.charts import Footprint
from infra.core.labels import Ownership, object_labels
from infra.core.models import ManifestPart

Manifest = dict[str, Any]
CERT_MANAGER = "cert-manager"
METRICS_SERVER = "metrics-server"
WEBHOOK_PORT = 10260
METRICS_PORT = 10270
"""Ports of cert-manager's webhook (values.yaml, webhook.securePort) and of metrics-server (values.yaml, containerPort).

Both charts' default is the kubelet's port. With one of their own, who may ask every node may not ask these two.
"""

SCRATCH = "16Mi"
"""metrics-server writes nothing there but a certificate, and not even that when it is given one."""

AUTHORITY = "platform-ca"
ROOT = "platform-root"
AUTHORITY_HOURS, AUTHORITY_RENEWAL_HOURS = 17_520, 2_160
SERVER_HOURS, SERVER_RENEWAL_HOURS = 2_160, 720
"""Validity and renewal: two years and a quarter for the authority; a quarter and a month for servers."""


def pods(namespace: str) -> tuple[OperatorPods, ...]:
    """Every Deployment of both charts, by the labels that the charts' templates give their pods."""

    def part(chart: str, name: str, *labels: str, **more: Any) -> OperatorPods:
        return operator_pods(chart, name, namespace, *labels, **more)

    return (
        part(CERT_MANAGER, "cert-manager", "cert-manager", CERT_MANAGER, "controller"),
        part(CERT_MANAGER, "cert-manager-cainjector", "cainjector", CERT_MANAGER, "cainjector"),
        part(CERT_MANAGER, "cert-manager-webhook", "webhook", CERT_MANAGER, "webhook", called_on=WEBHOOK_PORT),
        part(METRICS_SERVER, METRICS_SERVER, METRICS_SERVER, METRICS_SERVER, called_on=METRICS_PORT, reads_nodes=True),
    )


def cert_manager_values(footprint: Footprint, namespace: str, ownership: Ownership) -> dict[str, Any]:
    """Values of cert-manager's chart (1.21.1, values.yaml). Its own pod security is already the restricted one."""
    parts = {pod.party.name.removeprefix("cert-manager").strip("-"): pod for pod in pods(namespace)[:3]}

    def part(name: str) -> dict[str, Any]:
        pod = parts[name]
        return {
            "replicaCount": footprint.replicas,
            "resources": chart_resources(footprint),
            "podDisruptionBudget": DISRUPTION,
            "podLabels": OUTSIDE_MESH if pod.called_on else {},
            "topologySpreadConstraints": zone_spread(pod.party),
            # These pods ask for their token; any other that ran as the account would not get it unasked.
            "serviceAccount": {"automountServiceAccountToken": False},
            "automountServiceAccountToken": True,
        }

    return {
        "global": {
            "commonLabels": chart_labels(CERT_MANAGER, ownership),
            "priorityClassName": "platform-critical",
            "leaderElection": {"namespace": namespace},
            # Who may edit a namespace gets no right to certificates by it.
            "rbac": {"aggregateClusterRoles": False},
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
    labels = chart_labels(METRICS_SERVER, ownership)
    return {
        "replicas": footprint.replicas,
        "containerPort": METRICS_PORT,
        "resources": chart_resources(footprint),
        "commonLabels": labels,
        "podLabels": {**labels, **OUTSIDE_MESH},
        "priorityClassName": "platform-critical",
        "podDisruptionBudget": DISRUPTION,
        "topologySpreadConstraints": zone_spread(pods(namespace)[3].party),
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
        duration=duration(AUTHORITY_HOURS),
        renew_before=duration(AUTHORITY_RENEWAL_HOURS),
        usages=("digital signature", "cert sign", "crl sign"),
        issuer_ref=cm.IssuerRef(name=ROOT),
    )
    yield "authority", _resource("Certificate", AUTHORITY, namespace, ownership, authority)
    issuer = cm.IssuerSpec(ca=cm.CertificateAuthority(secret_name=AUTHORITY))
    yield "issuer", _resource("Issuer", AUTHORITY, namespace, ownership, issuer)
    served = cm.CertificateSpec(
        secret_name=f"{METRICS_SERVER}-tls",
        dns_names=(f"{METRICS_SERVER}.{namespace}.svc", f"{METRICS_SERVER}.{namespace}.svc.cluster.local"),
        duration=duration(SERVER_HOURS),
        renew_before=duration(SERVER_RENEWAL_HOURS),
        usages=("server auth", "digital signature"),
        issuer_ref=cm.IssuerRef(name=AUTHORITY),
    )
    yield "metrics-certificate", _resource("Certificate", METRICS_SERVER, namespace, ownership, served)


def duration(hours: int) -> str:
    """Hours as certificates write them."""
    return f"{hours}h0m0s"


def _resource(kind: str, name: str, namespace: str, ownership: Ownership, spec: ManifestPart) -> Manifest:
    metadata = {"name": name, "namespace": namespace, "labels": object_labels(name, COMPONENT, ownership)}
    return {"apiVersion": cm.API_VERSION, "kind": kind, "metadata": metadata, "spec": spec.rendered()}
