"""What operators run for custom resources that have no pod template of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from policies.amounts import amount_at
from policies.kinds import GroupKind
from policies.model import Resource
from policies.node import Node
from policies.pod_size import ZERO, Amounts

_ONE: Final = Decimal(1)
_MEMORY = re.compile(r"(?P<number>[0-9]{1,15})\s*(?P<unit>b|k|kb|m|mb|g|gb|t|tb)?", re.IGNORECASE)
_POWERS: Final = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40}

Counted = Iterator[tuple[int, Mapping[str, Decimal]]]
"""How often, and what of a quota each time."""


def _sizes(resources: Node) -> Amounts:
    amounts: Amounts = {}
    for resource in ("cpu", "memory"):
        limit = amount_at(resources["limits"][resource])
        request = amount_at(resources["requests"][resource])
        amounts[f"requests.{resource}"] = (limit if request is None else request) or ZERO
        amounts[f"limits.{resource}"] = limit or ZERO
    return amounts


def _together(*parts: Node) -> Amounts:
    amounts: Amounts = {"pods": _ONE}
    for part in parts:
        for name, value in _sizes(part["resources"]).items():
            amounts[name] = amounts.get(name, ZERO) + value
    return amounts


def _node_pool(resource: Resource) -> Counted:
    spec = resource.root["spec"]
    replicas = max(spec["replicas"].integer() or 0, 0)
    yield replicas, _together(spec)
    storage = spec["storage"]
    for volume in (storage, *storage["volumes"].items()):
        if volume["type"].text() == "persistent-claim":
            yield replicas, {"requests.storage": amount_at(volume["size"]) or ZERO, "persistentvolumeclaims": _ONE}


def _kafka(resource: Resource) -> Counted:
    spec = resource.root["spec"]
    entity = spec["entityOperator"]
    parts = [entity[name] for name in ("topicOperator", "userOperator") if entity[name].exists()]
    if parts:
        yield 1, _together(*parts)
    for name in ("cruiseControl", "kafkaExporter"):
        if spec[name].exists():
            yield 1, _together(spec[name])


def _flink(resource: Resource) -> Counted:
    spec = resource.root["spec"]
    manager, workers = spec["jobManager"], spec["taskManager"]
    yield manager["replicas"].integer() or 1, _flink_pod(manager["resource"])
    slots = spec.at("flinkConfiguration", "taskmanager.numberOfTaskSlots").value()
    per_worker = int(slots) if isinstance(slots, str | int) and str(slots).isdecimal() and len(str(slots)) < 9 else 1
    parallelism = spec.at("job", "parallelism").integer() or 1
    replicas = workers["replicas"].integer() or -(-parallelism // max(per_worker, 1))
    yield max(replicas, 0), _flink_pod(workers["resource"])


def _flink_pod(resource: Node) -> Amounts:
    # Flink requests what it limits (kubernetes.*.limit-factor is 1 by default) and counts memory in its own units,
    # where m is a mebibyte; the operator also takes those of Kubernetes.
    cpu, text = amount_at(resource["cpu"]) or ZERO, resource["memory"].text() or ""
    match = _MEMORY.fullmatch(text.strip())
    memory = Decimal(match["number"]) * 2 ** _POWERS[(match["unit"] or "").lower()[:1]] if match else None
    memory = memory if memory is not None else amount_at(resource["memory"]) or ZERO
    values = {"cpu": cpu, "memory": memory}
    sized = {f"{sort}.{name}": value for sort in ("requests", "limits") for name, value in values.items()}
    return {**sized, "pods": _ONE}


def _postgres(resource: Resource) -> Counted:
    spec = resource.root["spec"]
    instances = max(spec["instances"].integer() or 1, 1)
    yield instances, _together(spec)
    for part in ("storage", "walStorage"):
        if spec[part].exists():
            size = amount_at(spec[part]["size"]) or ZERO
            yield instances, {"requests.storage": size, "persistentvolumeclaims": _ONE}


OPERATED: Final[dict[GroupKind, Callable[[Resource], Counted]]] = {
    # Strimzi 1.2.0, the definitions in infra/catalog/crds.
    ("kafka.strimzi.io", "KafkaNodePool"): _node_pool,
    ("kafka.strimzi.io", "Kafka"): _kafka,
    # Flink Kubernetes operator, FlinkDeployment reference: task managers are parallelism / slots in native mode.
    ("flink.apache.org", "FlinkDeployment"): _flink,
    # CloudNativePG, API reference of Cluster: each instance has a volume, and one for the log if walStorage is set.
    ("postgresql.cnpg.io", "Cluster"): _postgres,
}
"""How often and how much, by kind."""
