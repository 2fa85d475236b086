"""Hypothesis strategies over a stack's configuration: environments that must render, and ones that must be refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.support.pulumi_mocks import configuration

Values = dict[str, Any]
STACKS = ("local", "dev", "prod")
TENANTS = ("trading-desk", "analytics", "external-partner")
words = st.from_regex(r"[a-z][a-z0-9]{1,10}(-[a-z0-9]{1,8})?", fullmatch=True)


@dataclass(frozen=True)
class Environment:
    """A stack's name and configuration."""

    stack: str
    values: Values


@dataclass(frozen=True)
class BrokenEnvironment:
    """An environment with one mistake, and the key that its refusal must name."""

    stack: str
    values: Values
    key: str


def _size(draw: st.DrawFn, memory: tuple[int, int]) -> Values:
    cores = draw(st.integers(min_value=50, max_value=500))
    return {"cpu": f"{cores}m", "memory": f"{draw(st.integers(*memory))}Mi"}


@st.composite
def valid_environments(draw: st.DrawFn) -> Environment:
    """A configuration that is complete, consistent and large enough for what runs in it."""
    stack = draw(st.sampled_from(STACKS))
    local = stack == "local"
    brokers = 1 if local else draw(st.integers(min_value=3, max_value=7))
    replication = 1 if local else draw(st.integers(min_value=3, max_value=min(5, brokers)))
    registry = 1 if local else draw(st.integers(min_value=2, max_value=4))
    least = 1 if local else 2
    gateways = draw(st.integers(min_value=least, max_value=5))
    days = draw(st.integers(min_value=30, max_value=400))
    account = f"{draw(st.integers(min_value=0, max_value=10**12 - 1)):012d}"
    port = draw(st.integers(min_value=1, max_value=65535))
    # In production a tenant's budget bounds what its share of the quota may cost.
    cores, memory = (200, 400) if stack == "prod" else (1000, 2000)
    aws: Values | None = {"accountId": account, "region": draw(st.sampled_from(("us-east-1", "eu-central-1")))}
    if aws and (local or draw(st.booleans())):
        aws["endpoint"] = f"http://127.0.0.1:{port}"
    if local and draw(st.booleans()):
        aws = None
    values: Values = {
        "owner": draw(words),
        "costCentre": draw(words),
        "cluster": {"kind": "kubeconfig", "context": draw(words)},
        "operators": {"mode": draw(st.sampled_from(("install", "crds-only")))},
        "availability": {"zones": 1 if local else draw(st.integers(min_value=3, max_value=6))},
        "quota": {
            "cpu": str(draw(st.integers(min_value=150, max_value=cores))),
            "memory": f"{draw(st.integers(min_value=400, max_value=memory))}Gi",
        },
        "tenants": draw(st.lists(st.sampled_from(TENANTS), unique=True)),
        "streaming": {
            "brokers": brokers,
            "replication": replication,
            "minInSync": 1 if local else draw(st.integers(min_value=2, max_value=replication - 1)),
            "storage": f"{draw(st.integers(min_value=1, max_value=1000))}Gi",
            "storageClass": draw(st.none() | words),
            "broker": {"cpu": str(draw(st.integers(1, 4))), "memory": f"{draw(st.integers(1, 16))}Gi"},
        },
        "schemaRegistry": {"minReplicas": registry, "maxReplicas": registry, "size": _size(draw, (128, 1024))},
        "streamGateway": {
            "minReplicas": gateways,
            "maxReplicas": 1 if gateways == 1 else draw(st.integers(min_value=gateways, max_value=10)),
            "size": _size(draw, (64, 1024)),
        },
        "objectStore": {
            "infrequentAccessDays": days,
            "archiveDays": draw(st.integers(min_value=days + 30, max_value=days + 800)),
            "noncurrentDays": draw(st.integers(min_value=1, max_value=365)),
        },
    }
    if not local:
        # In a cluster of others the price path has stores of its own.
        values["applications"] = draw(st.none() | st.just(configuration("local")["applications"]))
    if aws is not None:
        values["aws"] = aws
    if not local and (stack == "prod" or draw(st.booleans())):
        values["watch"] = {"emails": ["platform-engineering@example.com"], "trail": draw(st.booleans())}
    return Environment(stack, values)


def _put(path: str, value: Any) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        *parents, last = path.split(".")
        place = values
        for part in parents:
            place = place[part]
        place[last] = value

    return change


def _drop(path: str) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        *parents, last = path.split(".")
        place = values
        for part in parents:
            place = place[part]
        del place[last]

    return change


def _make_an_undescribed_cluster(values: Values) -> None:
    values["cluster"] = {"kind": "eks"}
    values.pop("eks", None)


MISTAKES: dict[str, tuple[str, Callable[[Values], None]]] = {
    "a number as text": ("streaming.brokers", _put("streaming.brokers", "three")),
    "a truth value as number": ("streaming.minInSync", _put("streaming.minInSync", True)),
    "a fraction": ("streamGateway.minReplicas", _put("streamGateway.minReplicas", 1.5)),
    "no brokers": ("streaming.brokers", _put("streaming.brokers", 0)),
    "more copies than brokers": ("streaming.replication", _put("streaming.replication", 9)),
    "more in sync than copies": ("streaming.minInSync", _put("streaming.minInSync", 9)),
    "a misspelt key": ("tenantz", _put("tenantz", [])),
    "a misspelt field": ("streaming.broker.memry", _put("streaming.broker.memry", "1Gi")),
    "a key of Python's spelling": ("cost_centre", _put("cost_centre", "cc")),
    "no owner": ("owner", _drop("owner")),
    "an owner with spaces": ("owner", _put("owner", "the platform team")),
    "no quota": ("quota", _drop("quota")),
    "memory in CPU": ("quota.cpu", _put("quota.cpu", "16Gi")),
    "CPU in memory": ("quota.memory", _put("quota.memory", "500m")),
    "a negative quota": ("quota.cpu", _put("quota.cpu", "-4")),
    "a quota that is too small": ("quota", _put("quota", {"cpu": "1", "memory": "1Gi"})),
    "an unknown tenant": ("tenants", _put("tenants", ["trading-dusk"])),
    "a tenant twice": ("tenants", _put("tenants", ["analytics", "analytics"])),
    "tenants as text": ("tenants", _put("tenants", "analytics")),
    "a cluster to make that is not described": ("eks", _make_an_undescribed_cluster),
    "a cluster of no kind": ("cluster.kind", _put("cluster.kind", "minikube")),
    "a short account": ("aws.accountId", _put("aws", {"accountId": "1234", "region": "us-east-1"})),
    "no region": ("aws.region", _put("aws", {"accountId": "123456789012"})),
    "an endpoint elsewhere": (
        "aws.endpoint",
        _put("aws", {"accountId": "123456789012", "region": "us-east-1", "endpoint": "http://example.org:80"}),
    ),
    "an unknown mode": ("operators.mode", _put("operators.mode", "maybe")),
    "no zones": ("availability.zones", _put("availability.zones", 0)),
    "autoscaling from one": (
        "streamGateway.minReplicas",
        _put("streamGateway", {"minReplicas": 1, "maxReplicas": 3, "size": {"cpu": "50m", "memory": "64Mi"}}),
    ),
    "fewer at most than at least": ("streamGateway.maxReplicas", _put("streamGateway.maxReplicas", 0)),
    "archive before infrequent access": ("objectStore.archiveDays", _put("objectStore.archiveDays", 60)),
    "infrequent access too early": ("objectStore.infrequentAccessDays", _put("objectStore.infrequentAccessDays", 1)),
    "a password that is too short": ("credentials.analytics", _put("credentials", {"analytics": "canary"})),
    "a password of nobody": ("credentials.nobody", _put("credentials", {"nobody": "canary-canary-canary"})),
    "null instead of a section": ("streaming", _put("streaming", None)),
    "a list instead of a section": ("objectStore", _put("objectStore", [1])),
}
"""Name of each mistake, the key that its refusal must name, and how to make it."""


@st.composite
def broken_environments(draw: st.DrawFn) -> BrokenEnvironment:
    """A valid environment with one of ``MISTAKES``."""
    environment = draw(valid_environments())
    return broken(environment, draw(st.sampled_from(sorted(MISTAKES))))


def broken(environment: Environment, mistake: str) -> BrokenEnvironment:
    """``environment`` with that mistake."""
    values = copy.deepcopy(environment.values)
    key, change = MISTAKES[mistake]
    if mistake == "archive before infrequent access":
        values["objectStore"]["infrequentAccessDays"] = 59
    change(values)
    return BrokenEnvironment(environment.stack, values, key)
