"""A service of ours as a workload: all of them serve one HTTP port with the same probes and stop in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from infra.core.catalog.images import Image
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.workload.route import Route
from infra.core.workload.secret_key import SecretKey
from infra.core.workload.spec import Port, Probe, Probes, Replicas, Resources, SecretFiles, WorkloadSpec

PORT = 8080
GRACE_SECONDS = 30
SECRETS = "/etc/secrets"
BURST = 4
"""How many times its request a service may take of the CPU while others leave it unused: at its start, mostly."""


class ServiceArgs(Args):
    """A service of ours; sizes in millicores and bytes."""

    image: Image
    ownership: Ownership
    replicas: Replicas
    zones: int = Field(ge=1)
    cpu: int = Field(ge=1)
    memory: int = Field(ge=1)


def prefix(name: str) -> str:
    """What the environment variables of a service begin with."""
    return f"{name.upper().replace('-', '_')}_"


def service_spec(
    args: ServiceArgs,
    *,
    name: str,
    environment: Mapping[str, str],
    secrets: Mapping[str, SecretKey] | None = None,
    secret_files: tuple[SecretFiles, ...] = (),
    route: Route | None = None,
    slow_start: bool = False,
    **rest: Any,
) -> WorkloadSpec:
    """The workload. Settings and endpoints of a service are described in its README.

    Args:
        args: image, replicas and sizes.
        name: its name, from which the prefix of its settings follows.
        environment: its settings, without their prefix.
        secrets: its settings that are secrets, likewise; it reads them from files.
        secret_files: further files with secrets.
        route: how it is reached from outside; not at all when left out.
        slow_start: whether it may take up to five minutes until it is alive.
        rest: further fields of the declaration.
    """
    settings, files = _settings(name, {**environment, "GRACE_SECONDS": str(GRACE_SECONDS)}, secrets or {})
    return WorkloadSpec(
        name=name,
        ownership=args.ownership,
        image=args.image,
        replicas=args.replicas,
        zones=args.zones,
        resources=_resources(args),
        ports=(Port(name="http", number=PORT, route=route),),
        probes=Probes(
            liveness=Probe(port="http", path="/healthz"),
            readiness=Probe(port="http", path="/readyz"),
            startup=Probe(port="http", path="/healthz", period_seconds=5, failure_threshold=60) if slow_start else None,
        ),
        environment=settings,
        secret_files=(*files, *secret_files),
        serves=("http",),
        grace_seconds=GRACE_SECONDS,
        **rest,
    )


def job_spec(
    args: ServiceArgs,
    *,
    name: str,
    environment: Mapping[str, str],
    secrets: Mapping[str, SecretKey],
    **rest: Any,
) -> WorkloadSpec:
    """A job of ours, which runs once; arguments are those of ``service_spec``."""
    settings, files = _settings(name, environment, secrets)
    return WorkloadSpec(
        name=name,
        kind="job",
        ownership=args.ownership,
        image=args.image,
        resources=_resources(args),
        environment=settings,
        secret_files=files,
        **rest,
    )


def _resources(args: ServiceArgs) -> Resources:
    return Resources(cpu_request=args.cpu, cpu_limit=args.cpu * BURST, memory=args.memory)


def _settings(
    name: str, environment: Mapping[str, str], secrets: Mapping[str, SecretKey]
) -> tuple[dict[str, str], tuple[SecretFiles, ...]]:
    paths = {f"{setting}_FILE": f"{SECRETS}/{ref.secret}/{ref.key}" for setting, ref in secrets.items()}
    mounted = dict.fromkeys(ref.secret for ref in secrets.values())
    files = tuple(SecretFiles(secret=secret, mount_path=f"{SECRETS}/{secret}") for secret in mounted)
    return {f"{prefix(name)}{key}": value for key, value in {**environment, **paths}.items()}, files
