"""Kong as a workload: without a database, without rights on the API server, configured by what is declared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from infra.components.edge.routes_layout import PublishedPort, SigningKey, configuration
from infra.components.foundation import certificate_models as cm
from infra.components.foundation.operators_layout import SERVER_HOURS, SERVER_RENEWAL_HOURS
from infra.components.foundation.operators_pods import NODE_RANGES, from_addresses
from infra.core.catalog.images import Image
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args
from infra.core.names import short_hash
from infra.core.wiring.mesh import CALLED_DIRECTLY
from infra.core.workload.spec import (
    Port,
    Probe,
    Probes,
    Replicas,
    Resources,
    Scratch,
    SecretFiles,
    WorkloadSpec,
)

Manifest = dict[str, Any]
NAME = "kong"
NAMESPACE = "platform-edge"
COMPONENT = "edge"
PROXY_PORT, STATUS_PORT = 8443, 8100
"""Ports of the proxy and of its health (as Kong's own chart has them: values.yaml, proxy.tls and status.http)."""

AUTHORITY = "platform-edge-ca"
"""ClusterIssuer that certifies the public host; it signs with the platform's own authority."""

CERTIFICATE = "public-host"
"""Secret with that certificate."""

CONFIGURATION = "kong-configuration"
"""Secret with all that Kong knows: keys, what CloudFront says of itself, and the routes."""

FILE = "kong.json"
CONFIG_PATH, TLS_PATH, PREFIX_PATH, SCRATCH_PATH = "/etc/kong-routes", "/etc/kong-tls", "/kong_prefix", "/tmp"  # noqa: S108
PREFIX_BYTES, SCRATCH_BYTES = 256 * 1024**2, 64 * 1024**2
STORE = "128m"
"""Most that Kong's store of its own configuration may grow to, inside the prefix; its default is 2 GiB."""

GRACE_SECONDS = 60
MINIMUM, MAXIMUM = 2, 4
CPU, MEMORY = 250, 512 * 1024**2
"""Millicores and bytes that a replica asks for: planning figures. Its CPU limit is four times as much."""


class Gateway(Args):
    """What the gateway is made of."""

    image: Image
    ownership: Ownership
    zones: int = Field(ge=1)
    hosts: tuple[str, ...] = Field(min_length=1, description="the public host, then further names of its certificate")
    keys: tuple[SigningKey, ...] = Field(min_length=1, description="public keys of the identity provider")
    routes: tuple[PublishedPort, ...]
    balancer: tuple[str, ...] = Field(
        default=NODE_RANGES, min_length=1, description="addresses that the load balancer before it has"
    )


def gateway_spec(gateway: Gateway) -> WorkloadSpec:
    """The workload: it uses exactly the ports that have a route."""
    return WorkloadSpec(
        name=NAME,
        namespace=NAMESPACE,
        component=COMPONENT,
        ownership=gateway.ownership,
        priority="platform-critical",
        image=gateway.image,
        replicas=Replicas(minimum=MINIMUM, maximum=MAXIMUM),
        zones=gateway.zones,
        resources=Resources(cpu_request=CPU, cpu_limit=CPU * 4, memory=MEMORY),
        ports=(Port(name="https", number=PROXY_PORT), Port(name="status", number=STATUS_PORT)),
        probes=Probes(
            liveness=Probe(port="status", path="/status"), readiness=Probe(port="status", path="/status/ready")
        ),
        environment=_settings(gateway),
        # The load balancer is not in the mesh.
        pod_annotations=CALLED_DIRECTLY,
        secret_files=(
            SecretFiles(secret=CONFIGURATION, mount_path=CONFIG_PATH),
            SecretFiles(secret=CERTIFICATE, mount_path=TLS_PATH),
        ),
        scratch=(
            Scratch(mount_path=PREFIX_PATH, size=PREFIX_BYTES),
            Scratch(mount_path=SCRATCH_PATH, size=SCRATCH_BYTES),
        ),
        uses=tuple(route.offer for route in gateway.routes),
        serves=("https",),
        grace_seconds=GRACE_SECONDS,
    )


def rendered(gateway: Gateway, token: str) -> str:
    """Kong's configuration as text."""
    return json.dumps(configuration(gateway.routes, gateway.hosts[0], gateway.keys, token), indent=1, sort_keys=True)


def balancer_manifests(gateway: Gateway) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of what lets the load balancer in, which has addresses of the network and is no pod.

    It brings requests, and asks whether Kong is ready.
    """
    for caller, port in (("load-balancer", PROXY_PORT), ("health-check", STATUS_PORT)):
        manifest = from_addresses(gateway_spec(gateway).party, f"from-{caller}", port, gateway.balancer)
        manifest["metadata"]["labels"] = object_labels(NAME, COMPONENT, gateway.ownership)
        yield f"ingress-{caller}", manifest


def certificate_manifests(gateway: Gateway, authority: str) -> Sequence[tuple[str, Manifest]]:
    """Role and manifest of the issuer, then of the certificate of the public host.

    Args:
        gateway: the gateway.
        authority: Secret of the platform's own authority, in the namespace that cert-manager runs in.
    """
    issuer = cm.IssuerSpec(ca=cm.CertificateAuthority(secret_name=authority))
    certificate = cm.CertificateSpec(
        secret_name=CERTIFICATE,
        dns_names=gateway.hosts,
        duration=f"{SERVER_HOURS}h0m0s",
        renew_before=f"{SERVER_RENEWAL_HOURS}h0m0s",
        usages=("server auth", "digital signature"),
        issuer_ref=cm.IssuerRef(name=AUTHORITY, kind="ClusterIssuer"),
    )
    labels = object_labels(NAME, COMPONENT, gateway.ownership)
    return (
        (
            "issuer",
            {
                "apiVersion": cm.API_VERSION,
                "kind": "ClusterIssuer",
                "metadata": {"name": AUTHORITY, "labels": labels},
                "spec": issuer.rendered(),
            },
        ),
        (
            "certificate",
            {
                "apiVersion": cm.API_VERSION,
                "kind": "Certificate",
                "metadata": {"name": CERTIFICATE, "namespace": NAMESPACE, "labels": labels},
                "spec": certificate.rendered(),
            },
        ),
    )


def _settings(gateway: Gateway) -> dict[str, str]:
    """Settings (Kong 3.9.3, kong.conf.default): nothing listens but the proxy and its health, and nobody is told."""
    return {
        "KONG_DATABASE": "off",
        "KONG_DECLARATIVE_CONFIG": f"{CONFIG_PATH}/{FILE}",
        "KONG_PREFIX": PREFIX_PATH,
        "KONG_LMDB_MAP_SIZE": STORE,
        "KONG_PROXY_LISTEN": f"0.0.0.0:{PROXY_PORT} http2 ssl",
        "KONG_STATUS_LISTEN": f"0.0.0.0:{STATUS_PORT}",
        "KONG_ADMIN_LISTEN": "off",
        "KONG_ADMIN_GUI_LISTEN": "off",
        "KONG_STREAM_LISTEN": "off",
        "KONG_SSL_CERT": f"{TLS_PATH}/tls.crt",
        "KONG_SSL_CERT_KEY": f"{TLS_PATH}/tls.key",
        "KONG_SSL_PROTOCOLS": "TLSv1.2 TLSv1.3",
        "KONG_PLUGINS": "cors,jwt,key-auth,rate-limiting,request-size-limiting",
        "KONG_HEADERS": "off",
        "KONG_ANONYMOUS_REPORTS": "off",
        "KONG_NGINX_DAEMON": "off",
        "KONG_NGINX_WORKER_PROCESSES": "1",
        "KONG_PROXY_ACCESS_LOG": "/dev/stdout",
        "KONG_PROXY_ERROR_LOG": "/dev/stderr",
        "KONG_STATUS_ACCESS_LOG": "off",
        "KONG_STATUS_ERROR_LOG": "/dev/stderr",
        # The configuration is read at the start only: a change of it is a rollout.
        "ROUTES_HASH": short_hash(rendered(gateway, ""), length=16),
    }
