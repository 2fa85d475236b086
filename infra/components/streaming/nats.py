"""NATS with JetStream, over which services tell each other of analytics events, as a workload."""

from __future__ import annotations

import json
from collections.abc import Mapping

from infra.core.workload.spec import ConfigFiles, Port, Probe, Probes, WorkloadSpec
from infra.core.workload.store import Accounts, StoreArgs, store_spec

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

ACCOUNTS = Accounts(server=NAME, names=tuple(USERS), variables="NATS_")


def nats_spec(args: StoreArgs) -> WorkloadSpec:
    """The workload. Settings are those of nats-server (version 2.14)."""
    return store_spec(
        args,
        name=NAME,
        namespace=NAMESPACE,
        component="streaming",
        arguments=("--config", f"{SETTINGS}/nats.conf"),
        volume=DATA,
        ports=(Port(name="nats", number=PORT), Port(name="monitor", number=MONITOR_PORT)),
        probes=Probes(
            liveness=Probe(port="monitor", path="/healthz?js-server-only=true", period_seconds=20),
            readiness=Probe(port="monitor", path="/healthz", period_seconds=5),
        ),
        secret_environment=ACCOUNTS.environment(),
        config_files=ConfigFiles(mount_path=SETTINGS, files={"nats.conf": _settings(args)}),
        serves=("nats",),
    )


def _settings(args: StoreArgs) -> str:
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
        lines.append(f"    {{user: {user}, password: ${ACCOUNTS.variable(user)}, permissions: {{{permissions}}}}}")
    return "\n".join([*lines, "  ]", "}", ""])
