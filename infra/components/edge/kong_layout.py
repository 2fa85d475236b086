"""Kong: the pods that requests from outside reach first, their traffic, the chart's values and who may call."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi
from pydantic import Field

from infra.components.edge import kong_models as km
from infra.components.edge.routes_layout import CLASS, COMPONENT, PublishedPort
from infra.components.foundation import certificate_models as cm
from infra.components.foundation.operators_pods import (
    DISRUPTION,
    OperatorPods,
    chart_labels,
    chart_resources,
    operator_pods,
    zone_spread,
)
from infra.core.catalog.charts import Footprint
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args
from infra.core.wiring import Party

Manifest = dict[str, Any]
KONG = "kong"
PROXY_PORT = 8443
"""Port of the proxy (Kong's chart 3.4.1, values.yaml, proxy.tls.containerPort)."""

GATEWAY_TAG = "3.9.3"
CONTROLLER_TAG = "3.5.13"
"""Releases of kong and kong/kubernetes-ingress-controller; the chart's own tags are of minor versions, which move."""

AUTHORITY = "platform-edge-ca"
"""ClusterIssuer that certifies the hosts of routes; it signs with the platform's own authority."""

IDENTITY = "identity-provider"
ORIGIN = "cloudfront"
"""Consumers: who signs tokens, and who hands requests on from the internet. A token's keys are the first's."""

UNUSED_CONTROLLERS = (
    "ingress_class_parameters",
    "kong_custom_entity",
    "kong_license",
    "kong_service_facade",
    "kong_vault",
    "kongclusterplugin",
    "kongingress",
    "tcpingress",
    "udpingress",
)
"""Kinds that the platform has no definitions of (Kong Ingress Controller 3.5, internal/cmd/rootcmd/config/cli.go,
``enable-controller-*``). Those of the Gateway API are switched on only when its definitions are there."""

CONTAINERS = 2
"""Of a pod: the controller and the proxy. Each gets half of the footprint."""

BYPASS = {"ambient.istio.io/bypass-inbound-capture": "true"}
"""The load balancer is not in the mesh; what Kong sends is (Istio API 1.31.1, annotation/annotations.yaml)."""


class SigningKey(Args):
    """A public key of the identity provider."""

    name: str = Field(description="the key's `kid`")
    algorithm: str
    pem: str


def pods(namespace: str, routes: Sequence[PublishedPort]) -> tuple[OperatorPods, ...]:
    """Kong's pods, reached by the load balancer, and using every port that has a route."""
    uses = tuple(Party.of_workload(route.name, route.namespace).offer(route.port_name, route.port) for route in routes)
    return (operator_pods(KONG, KONG, namespace, KONG, KONG, "app", balanced_on=PROXY_PORT, uses=uses),)


def values(footprint: Footprint, namespace: str, watched: Sequence[str], ownership: Ownership) -> dict[str, Any]:
    """Values of Kong's chart (3.4.1). No database, no administration from outside the pod, and no webhook.

    The webhook's certificate would be made anew whenever the chart is rendered; routes are checked by typed models.

    Args:
        footprint: what a replica may use.
        namespace: namespace that Kong runs in.
        watched: further namespaces in which there are routes; it may read no others.
        ownership: who answers and pays for it.
    """
    (pod,) = pods(namespace, ())
    each = chart_resources(footprint, containers=CONTAINERS)
    return {
        "fullnameOverride": KONG,
        "image": {"tag": GATEWAY_TAG, "pullPolicy": "IfNotPresent"},
        "replicaCount": footprint.replicas,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "podDisruptionBudget": DISRUPTION,
        "priorityClassName": "platform-critical",
        "topologySpreadConstraints": zone_spread(pod.party),
        "podLabels": chart_labels(KONG, ownership),
        "podAnnotations": BYPASS,
        "resources": each,
        "env": {"nginx_worker_processes": "1", "headers": "off"},
        "admin": {"enabled": False, "http": {"enabled": False}},
        "proxy": {"type": "ClusterIP", "http": {"enabled": False}},
        # The chart's own defaults would open a port on every node for Kong's user interface.
        **{part: {"enabled": False} for part in ("manager", "portal", "portalapi")},
        "ingressController": {
            "image": {"tag": CONTROLLER_TAG},
            "ingressClass": CLASS,
            "watchNamespaces": sorted({namespace, *watched}),
            "admissionWebhook": {"enabled": False},
            "resources": each,
            "env": {f"enable_controller_{kind}": "false" for kind in UNUSED_CONTROLLERS},
        },
    }


def issuer_manifest(authority: str, ownership: Ownership) -> Manifest:
    """The issuer of every namespace with routes; its key is in the namespace that cert-manager runs in.

    Args:
        authority: Secret of the platform's own authority.
        ownership: who answers for it.
    """
    spec = cm.IssuerSpec(ca=cm.CertificateAuthority(secret_name=authority))
    metadata = {"name": AUTHORITY, "labels": object_labels(AUTHORITY, COMPONENT, ownership)}
    return {"apiVersion": cm.API_VERSION, "kind": "ClusterIssuer", "metadata": metadata, "spec": spec.rendered()}


def consumer_manifests(
    namespace: str, ownership: Ownership, keys: Sequence[SigningKey]
) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of the public keys by which tokens are known, and of the two consumers."""
    names = []
    for key in keys:
        names.append(f"{IDENTITY}-{key.name.lower()}")
        data = {"key": key.name, "algorithm": key.algorithm, "rsa_public_key": key.pem}
        yield f"key-{key.name.lower()}", credential(namespace, names[-1], "jwt", data, ownership)
    yield "consumer-identity", _consumer(namespace, IDENTITY, names, ownership)
    yield "consumer-origin", _consumer(namespace, ORIGIN, [ORIGIN], ownership)


def credential(
    namespace: str, name: str, kind: str, data: Mapping[str, pulumi.Input[str]], ownership: Ownership
) -> Manifest:
    """A Secret by which Kong knows a consumer (Kong Ingress Controller 3.5, label konghq.com/credential)."""
    labels = {**object_labels(name, COMPONENT, ownership), "konghq.com/credential": kind}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    encoded = {key: pulumi.Output.secret(value).apply(_encoded) for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": encoded}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _consumer(namespace: str, name: str, credentials: list[str], ownership: Ownership) -> Manifest:
    metadata = {
        "name": name,
        "namespace": namespace,
        "labels": object_labels(name, COMPONENT, ownership),
        "annotations": {"kubernetes.io/ingress.class": CLASS},
    }
    return {
        "apiVersion": km.PLUGIN_API,
        "kind": "KongConsumer",
        "metadata": metadata,
        "username": name,
        "credentials": credentials,
    }
