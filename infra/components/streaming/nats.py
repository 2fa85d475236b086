"""NATS with JetStream, over which services tell each other of analytics events, as a workload."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import Field

from infra.core.catalog.images import Image
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.workload.secret_key import SecretKey
from infra.core.workload.spec import (
    ConfigFiles,
    Port,
    Probe,
    Probes,
    Replicas,
    Resources,
    Storage,
    WorkloadSpec,
)

NAME = "nats"
NAMESPACE = "platform-streaming"
PORT = 4222
MONITOR_PORT = 8222
DATA = "/data"
SETTINGS = "/etc/nats"
STORAGE_SHARE = 80
"""Per cent of the volume that streams may fill; JetStream refuses more, which an alert can tell of in time."""

USERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # JetStream is asked through subjects of its own: who makes streams needs them, who only publishes does not.
    "stream-admin": {"publish": ("$JS.API.>", "analytics.>"), "subscribe": ("_INBOX.>", "analytics.>")},
    "stream-analytics": {"publish": ("analytics.windows.>",), "subscribe": ("_INBOX.>",)},
}
"""Subjects that each account may publish and subscribe to (NATS, Authorization)."""


class NatsArgs(Args):
    """The server; sizes in millicores and bytes."""

    image: Image
    ownership: Ownership
    cpu: int = Field(ge=1)
    memory: int = Field(ge=1)
    storage: int = Field(ge=1)
    storage_class: str | None = None


def password_secret(user: str) -> str:
    """Name of the Secret with an account's password."""
    return f"nats-{user}"


def password_of(user: str) -> SecretKey:
    """Reference to an account's password."""
    return SecretKey(secret=password_secret(user), key="password")


def nats_spec(args: NatsArgs) -> WorkloadSpec:
    """The workload. Settings are those of nats-server (version 2.14)."""
    return WorkloadSpec(
        name=NAME,
        namespace=NAMESPACE,
        component="streaming",
        kind="statefulset",
        ownership=args.ownership,
        image=args.image,
        arguments=("--config", f"{SETTINGS}/nats.conf"),
        replicas=Replicas(),
        resources=Resources(cpu_request=args.cpu, cpu_limit=args.cpu * 4, memory=args.memory),
        ports=(Port(name="nats", number=PORT), Port(name="monitor", number=MONITOR_PORT)),
        probes=Probes(
            liveness=Probe(port="monitor", path="/healthz?js-server-only=true", period_seconds=20),
            readiness=Probe(port="monitor", path="/healthz", period_seconds=5),
        ),
        secret_environment={_variable(user): password_of(user) for user in USERS},
        config_files=ConfigFiles(mount_path=SETTINGS, files={"nats.conf": _settings(args)}),
        storage=Storage(mount_path=DATA, size=args.storage, storage_class=args.storage_class),
        serves=("nats",),
    )


def _variable(user: str) -> str:
    return f"NATS_{user.upper().replace('-', '_')}_PASSWORD"


def _settings(args: NatsArgs) -> str:
    lines = [
        f"port: {PORT}",
        f"http_port: {MONITOR_PORT}",
        f"server_name: {NAME}",
        "jetstream: {",
        f"  store_dir: {json.dumps(DATA)}",
        f"  max_memory_store: {args.memory // 4}",
        f"  max_file_store: {args.storage * STORAGE_SHARE // 100}",
        "}",
        "authorization: {",
        "  users: [",
    ]
    for user, subjects in USERS.items():
        permissions = ", ".join(f"{verb}: {json.dumps(names)}" for verb, names in subjects.items())
        # The server itself puts the variable's value in the place of its name.
        lines.append(f"    {{user: {user}, password: ${_variable(user)}, permissions: {{{permissions}}}}}")
    return "\n".join([*lines, "  ]", "}", ""])
