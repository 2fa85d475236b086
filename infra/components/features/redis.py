"""Redis, the online store of features, as a workload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
    Scratch,
    Storage,
    WorkloadSpec,
)

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


class RedisArgs(Args):
    """The store; sizes in millicores and bytes."""

    image: Image
    ownership: Ownership
    cpu: int = Field(ge=1)
    memory: int = Field(ge=1)
    storage: int = Field(ge=1)
    storage_class: str | None = None


def password_secret(user: str) -> str:
    """Name of the Secret with a user's password."""
    return f"redis-{user}"


def password_of(user: str) -> SecretKey:
    """Reference to a user's password."""
    return SecretKey(secret=password_secret(user), key="password")


def redis_spec(args: RedisArgs) -> WorkloadSpec:
    """The workload. Settings are those of redis.conf (version 7.2)."""
    return WorkloadSpec(
        name=NAME,
        namespace=NAMESPACE,
        component="features",
        kind="statefulset",
        ownership=args.ownership,
        image=args.image,
        command=("/bin/bash", f"{SETTINGS}/start.sh"),
        replicas=Replicas(),
        resources=Resources(cpu_request=args.cpu, cpu_limit=args.cpu * 4, memory=args.memory),
        ports=(Port(name="redis", number=PORT),),
        probes=Probes(liveness=Probe(port="redis"), readiness=Probe(port="redis", period_seconds=5)),
        pod_ip_variable="POD_IP",
        secret_environment={_variable(user): password_of(user) for user in USERS},
        config_files=ConfigFiles(mount_path=SETTINGS, files={"redis.conf": _settings(args), "start.sh": _start()}),
        scratch=(Scratch(mount_path="/tmp", size=16 * MEBIBYTE),),  # noqa: S108 - a directory of the pod's own
        storage=Storage(mount_path=DATA, size=args.storage, storage_class=args.storage_class),
        serves=("redis",),
    )


def _variable(user: str) -> str:
    return f"{user.upper().replace('-', '_')}_PASSWORD"


def _settings(args: RedisArgs) -> str:
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
        yield f"user {user} on >${_variable(user)} {rights}"
    yield "END"
