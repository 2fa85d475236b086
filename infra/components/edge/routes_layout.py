"""Every declared route, and Kong's configuration that follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import Field

from infra.components.edge import kong_models as km
from infra.components.edge.public_layout import ORIGIN_HEADER
from infra.core.models import Args
from infra.core.names import dns_label, service_host
from infra.core.wiring import Offer
from infra.core.workload.route import Route
from infra.core.workload.spec import WorkloadSpec

CALLER_HEADER = "authorization"

IDENTITY = "identity-provider"
ORIGIN = "cloudfront"
"""Consumers: who signs tokens, and who hands requests on from the internet. A token's keys are the first's."""

LONGEST_TOKEN = 86_400
"""Seconds for which a token may still be valid: a day. A longer one cannot be taken back before its end."""

PREFLIGHT_SECONDS = 600
RETRIES = 2
"""Times that Kong tries again after a connection that failed; Kong's default is five."""

CONNECT_MILLISECONDS = 2_000
HTTP_FAILURES, TCP_FAILURES, TIMEOUTS = 5, 2, 3
SUCCESSES, SECONDS_BETWEEN = 2, 5
"""A server that answers five times with an error of its own, or twice not at all, gets no requests; it is asked every 5
seconds and gets them again after two good answers. Planning figures of this project."""


class SigningKey(Args):
    """A public key of the identity provider."""

    name: str = Field(description="the key's `kid`")
    algorithm: str
    pem: str


class PublishedPort(Args):
    """A port with a route, with what it needs of its workload."""

    offer: Offer
    health: str = Field(description="path that says whether a replica is ready")
    route: Route

    @property
    def title(self) -> str:
        """Name of what is made for it, which no other port has."""
        return dns_label(self.offer.party.namespace, self.offer.party.name, self.offer.port_name)


def published(specs: Iterable[WorkloadSpec]) -> tuple[PublishedPort, ...]:
    """Every declared route of these workloads.

    Raises:
        ValueError: two routes share a path, or a routed workload does not say over HTTP whether it is ready.
    """
    found = [
        PublishedPort(offer=spec.offer(port.name), health=_health(spec), route=port.route)
        for spec in specs
        for port in spec.ports
        if port.route is not None
    ]
    owners: dict[str, PublishedPort] = {}
    for item in found:
        other = owners.setdefault(item.route.path, item)
        if other is not item:
            raise ValueError(f"the path {item.route.path} is declared by {other.offer.party} and {item.offer.party}")
    return tuple(found)


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


def configuration(routes: Sequence[PublishedPort], host: str, keys: Sequence[SigningKey], token: str) -> dict[str, Any]:
    """All of Kong's configuration (Kong 3.9, declarative configuration).

    Args:
        routes: every route.
        host: the public host.
        keys: public keys of the identity provider.
        token: what CloudFront says of itself.
    """
    known = [{"key": key.name, "algorithm": key.algorithm, "rsa_public_key": key.pem} for key in keys]
    return {
        "_format_version": "3.0",
        "consumers": [
            {"username": IDENTITY, "jwt_secrets": known},
            {"username": ORIGIN, "keyauth_credentials": [{"key": token}]},
        ],
        "upstreams": [_upstream(item) for item in routes],
        "services": [_service(item, host) for item in routes],
    }


def _upstream(item: PublishedPort) -> dict[str, Any]:
    counts = {"http_failures": HTTP_FAILURES, "tcp_failures": TCP_FAILURES, "timeouts": TIMEOUTS}
    checks = km.HealthChecks(
        active=km.Asked(
            http_path=item.health,
            healthy=km.Working(successes=SUCCESSES, interval=SECONDS_BETWEEN),
            unhealthy=km.Failing(**counts, interval=SECONDS_BETWEEN),
        ),
        passive=km.Watched(unhealthy=km.Failing(**counts)),
    )
    party = item.offer.party
    target = f"{service_host(party.name, party.namespace)}:{item.offer.port}"
    return {"name": item.title, "targets": [{"target": target}], "healthchecks": checks.rendered()}


def _service(item: PublishedPort, host: str) -> dict[str, Any]:
    route, pause = item.route, item.route.timeout_seconds * 1000
    return {
        "name": item.title,
        "host": item.title,
        "port": item.offer.port,
        "protocol": "http",
        **({"path": route.upstream_path} if route.upstream_path else {}),
        "retries": RETRIES,
        "connect_timeout": CONNECT_MILLISECONDS,
        "read_timeout": pause,
        "write_timeout": pause,
        "routes": [
            {
                "name": item.title,
                "hosts": [host],
                # The path itself and what is below it, but no other that begins with it.
                "paths": [f"~{route.path}$", f"{route.path}/"],
                "methods": [*route.methods, *(["OPTIONS"] if route.origins else [])],
                "protocols": ["https"],
                "https_redirect_status_code": 426,
                "strip_path": route.upstream_path is not None,
                "preserve_host": False,
                "plugins": [{"name": plugin.NAME, "config": plugin.rendered()} for plugin in plugins(item)],
            }
        ],
    }


def _health(spec: WorkloadSpec) -> str:
    probe = spec.probes.readiness if spec.probes else None
    if probe is None or probe.path is None:
        raise ValueError(f"workload {spec.name} has a route, so its readiness probe must have a path: Kong asks it too")
    return probe.path
