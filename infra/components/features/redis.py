"""Redis, the online store of features, as a workload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.components.features.store_access import StoreAccess
from infra.core.names import service_host
from infra.core.workload.spec import ConfigFiles, Port, Probe, Probes, Scratch, WorkloadSpec
from infra.core.workload.store import Accounts, StoreArgs, store_spec

NAME = "redis"
NAMESPACE = "platform-features"
PORT = 6379
DATA = "/data"
SETTINGS = "/etc/redis"
MEBIBYTE = 1024**2
MEMORY_SHARE = 60
"""Per cent of its memory that data may take: rewriting the log copies what changes meanwhile (Redis, Persistence)."""

USERS: Mapping[str, str] = {
    "feature-job": "~features:* resetchannels -@all +@read +@write +@transaction +@connection +info",
    "feature-server": "~features:* resetchannels -@all +@read +@connection +info",
}
"""What each client may do (Redis, ACL): the job writes, the server reads, and only what the store is for."""

ACCOUNTS = Accounts(server=NAME, names=tuple(USERS))


def redis_access(store: WorkloadSpec) -> StoreAccess:
    """How clients reach the workload."""
    return StoreAccess(target=store.offer("redis"), host=service_host(NAME, NAMESPACE), port=PORT)


def redis_spec(args: StoreArgs) -> WorkloadSpec:
    """The workload. Settings are those of redis.conf (version 7.2)."""
    return store_spec(
        args,
        name=NAME,
        namespace=NAMESPACE,
        component="features",
        command=("/bin/bash", f"{SETTINGS}/start.sh"),
        volume=DATA,
        ports=(Port(name="redis", number=PORT),),
        probes=Probes(liveness=Probe(port="redis"), readiness=Probe(port="redis", period_seconds=5)),
        pod_ip_variable="POD_IP",
        secret_environment=ACCOUNTS.environment(),
        config_files=ConfigFiles(mount_path=SETTINGS, files={"redis.conf": _settings(args), "start.sh": _start()}),
        scratch=(Scratch(mount_path="/tmp", size=16 * MEBIBYTE),),  # noqa: S108 - a directory of the pod's own
        serves=("redis",),
    )


def _settings(args: StoreArgs) -> str:
    settings = {
        "port": PORT,
        "dir": DATA,
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory": args.memory * MEMORY_SHARE // 100,
        # A feature that is gone without a word makes a wrong prediction; a write that is refused makes an alert.
        "maxmemory-policy": "noeviction",
        "tcp-keepalive": 60,
    }
    return "".join(f"{key} {value}\n" for key, value in settings.items())


def _start() -> str:
    return "".join(f"{line}\n" for line in _start_lines())


def _start_lines() -> Iterator[str]:
    yield "#!/bin/bash"
    yield "set -euo pipefail"
    # Accounts come by the standard input: a password on the command line is for every process of the node to read.
    yield f"exec redis-server {SETTINGS}/redis.conf - <<END"
    yield "bind $POD_IP"
    yield "user default off"
    for user, rights in USERS.items():
        yield f"user {user} on >${ACCOUNTS.variable(user)} {rights}"
    yield "END"
