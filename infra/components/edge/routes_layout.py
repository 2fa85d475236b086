"""What follows from a declared route: an Ingress, its plugins, its certificate and the breaker of its Service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import Field

from infra.components.edge import kong_models as km
from infra.components.foundation import certificate_models as cm
from infra.components.foundation.operators_layout import SERVER_HOURS, SERVER_RENEWAL_HOURS
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args
from infra.core.names import dns_label
from infra.core.workload.route import Route
from infra.core.workload.spec import WorkloadSpec

Manifest = dict[str, Any]
COMPONENT = "edge"
CLASS = "kong"
"""Class of Ingress that Kong answers for (its chart, ingressController.ingressClass)."""

PREFIX = "konghq.com"
"""Of annotations that Kong reads (Kong Ingress Controller 3.5, internal/annotations/annotations.go)."""

CALLER_HEADER = "authorization"
ORIGIN_HEADER = "X-Origin-Token"
"""Header by which CloudFront is known; the edge in AWS sets it."""

LONGEST_TOKEN = 86_400
"""Seconds for which a token may still be valid: a day. A longer one cannot be taken back before its end."""

PREFLIGHT_SECONDS = 600
RETRIES = 2
"""Times that Kong tries another pod after a connection that failed; Kong's default is five."""

CONNECT_MILLISECONDS = 2_000
HTTP_FAILURES, TCP_FAILURES, TIMEOUTS = 5, 2, 3
SUCCESSES, SECONDS_BETWEEN = 2, 5
"""A pod that answers five times with an error of its own, or twice not at all, is left out; it is asked every 5 seconds
and comes back after two good answers. Planning figures of this project."""


class PublishedPort(Args):
    """A port with a route, with what it needs of its workload."""

    name: str = Field(description="workload's name")
    namespace: str
    ownership: Ownership
    port_name: str
    port: int
    health: str = Field(description="path that says whether a replica is ready")
    route: Route


def published(specs: Iterable[WorkloadSpec]) -> tuple[PublishedPort, ...]:
    """Every declared route of these workloads.

    Raises:
        ValueError: two routes share a path, a workload has several of which one leads to another path, or a routed
            workload does not say over HTTP whether it is ready.
    """
    found = [
        PublishedPort(
            name=spec.name,
            namespace=spec.namespace,
            ownership=spec.ownership,
            port_name=port.name,
            port=port.number,
            health=_health(spec),
            route=port.route,
        )
        for spec in specs
        for port in spec.ports
        if port.route is not None
    ]
    owners: dict[str, PublishedPort] = {}
    for item in found:
        other = owners.setdefault(item.route.path, item)
        if other is not item:
            raise ValueError(
                f"the path {item.route.path} is declared by {other.name} and {item.name}: give each its own"
            )
        if item.route.upstream_path and sum((it.namespace, it.name) == (item.namespace, item.name) for it in found) > 1:
            # Kong keeps the other path with the Service, where it would hold for all routes to it.
            raise ValueError(f"workload {item.name} has several routes, so none of them may have an upstream_path")
    return tuple(found)


def service_annotations(item: PublishedPort) -> dict[str, str]:
    """Annotations of the Service behind a route: its breaker, path, retries and timeouts in milliseconds."""
    pause = str(item.route.timeout_seconds * 1000)
    return {
        f"{PREFIX}/upstream-policy": item.name,
        f"{PREFIX}/retries": str(RETRIES),
        f"{PREFIX}/connect-timeout": str(CONNECT_MILLISECONDS),
        f"{PREFIX}/read-timeout": pause,
        f"{PREFIX}/write-timeout": pause,
        **({f"{PREFIX}/path": item.route.upstream_path} if item.route.upstream_path else {}),
    }


def plugins(item: PublishedPort) -> tuple[km.Plugin, ...]:
    """Plugins of a route. Kong runs them by their own order: size and counting after whoever calls is known."""
    route = item.route
    made: list[km.Plugin] = [
        km.KeyAuth(key_names=(ORIGIN_HEADER,), run_on_preflight=True),
        km.Jwt(maximum_expiration=LONGEST_TOKEN),
        km.RateLimiting(minute=route.requests_per_minute, header_name=CALLER_HEADER),
        km.RequestSize(allowed_payload_size=route.body_kilobytes),
    ]
    if route.origins:
        made.append(
            km.Cors(
                origins=route.origins,
                methods=(*route.methods, "OPTIONS"),
                headers=(CALLER_HEADER, "content-type"),
                max_age=PREFLIGHT_SECONDS,
            )
        )
    return tuple(made)


def route_manifests(item: PublishedPort, hosts: tuple[str, ...], issuer: str) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of each object of a route, each after what it refers to.

    Args:
        item: the routed port.
        hosts: the public host, by which routes are found, then further names of the certificate.
        issuer: ClusterIssuer that certifies them.
    """
    name = dns_label(item.name, item.port_name)
    secret = f"{name}-tls"
    certificate = cm.CertificateSpec(
        secret_name=secret,
        dns_names=hosts,
        duration=f"{SERVER_HOURS}h0m0s",
        renew_before=f"{SERVER_RENEWAL_HOURS}h0m0s",
        usages=("server auth", "digital signature"),
        issuer_ref=cm.IssuerRef(name=issuer, kind="ClusterIssuer"),
    )
    yield f"{name}-certificate", _object(item, cm.API_VERSION, "Certificate", name, spec=certificate.rendered())
    yield f"{name}-breaker", _object(item, km.POLICY_API, "KongUpstreamPolicy", item.name, spec=_breaker(item))
    names = []
    for plugin in plugins(item):
        names.append(dns_label(name, plugin.NAME))
        fields = {"plugin": plugin.NAME, "config": plugin.rendered()}
        yield f"{name}-{plugin.NAME}", _object(item, km.PLUGIN_API, "KongPlugin", names[-1], **fields)
    ingress = _object(item, "networking.k8s.io/v1", "Ingress", name, spec=_ingress(item, hosts[0], secret))
    ingress["metadata"]["annotations"] = _ingress_annotations(item.route, names)
    yield f"{name}-ingress", ingress


def _ingress_annotations(route: Route, plugin_names: list[str]) -> dict[str, str]:
    return {
        f"{PREFIX}/plugins": ",".join(plugin_names),
        f"{PREFIX}/protocols": "https",
        f"{PREFIX}/methods": ",".join((*route.methods, *(("OPTIONS",) if route.origins else ()))),
        # What is stripped is replaced by the Service's own path.
        f"{PREFIX}/strip-path": "true" if route.upstream_path else "false",
        f"{PREFIX}/preserve-host": "false",
    }


def _ingress(item: PublishedPort, host: str, secret: str) -> Manifest:
    backend = {"service": {"name": item.name, "port": {"name": item.port_name}}}
    path = {"path": item.route.path, "pathType": "Prefix", "backend": backend}
    return {
        "ingressClassName": CLASS,
        "tls": [{"hosts": [host], "secretName": secret}],
        "rules": [{"host": host, "http": {"paths": [path]}}],
    }


def _breaker(item: PublishedPort) -> Manifest:
    counts = {"http_failures": HTTP_FAILURES, "tcp_failures": TCP_FAILURES, "timeouts": TIMEOUTS}
    checks = km.HealthChecks(
        active=km.Asked(
            http_path=item.health,
            healthy=km.Working(successes=SUCCESSES, interval=SECONDS_BETWEEN),
            unhealthy=km.Failing(**counts, interval=SECONDS_BETWEEN),
        ),
        passive=km.Watched(unhealthy=km.Failing(**counts)),
    )
    # A WebSocket lasts: who has fewest gets the next.
    algorithm = "least-connections" if item.route.websocket else "round-robin"
    return km.UpstreamPolicySpec(algorithm=algorithm, healthchecks=checks).rendered()


def _health(spec: WorkloadSpec) -> str:
    probe = spec.probes.readiness if spec.probes else None
    if probe is None or probe.path is None:
        raise ValueError(f"workload {spec.name} has a route, so its readiness probe must have a path: Kong asks it too")
    return probe.path


def _object(item: PublishedPort, api_version: str, kind: str, name: str, /, **fields: Any) -> Manifest:
    labels = object_labels(item.name, COMPONENT, item.ownership)
    metadata = {"name": name, "namespace": item.namespace, "labels": labels}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
