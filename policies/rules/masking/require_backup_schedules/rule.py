from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.environments import environment_of
from policies.kinds import GroupKind, by_namespace, group_kind, namespace_of, of_kinds
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.whole import judged

_SCHEDULE: Final[GroupKind] = ("velero.io", "Schedule")
_STATEFUL: Final[GroupKind] = ("apps", "StatefulSet")
_CLAIM: Final[GroupKind] = ("core", "PersistentVolumeClaim")
_KAFKA: Final = frozenset({("kafka.strimzi.io", "Kafka"), ("kafka.strimzi.io", "KafkaNodePool")})
_NOTHING_TO_LOSE: Final = "local"
_EVERY: Final = "*"


@rule(
    id="DATA-013",
    title="Require a backup schedule for every namespace that keeps data",
    severity=Severity.HIGH,
    topics=("recovery", "durability"),
    frameworks=("iso-27001:A.8.13",),
    applies_to=WholeStack(),
    rationale=(
        "Replicas hold the same mistake: what is deleted or overwritten is gone from all of them at once. A namespace"
        " that came after the schedules were written is in none, and nobody notices until it is needed."
    ),
    remediation=(
        "Name the namespace in spec.template.includedNamespaces of a Schedule (velero.io) that copies volumes, has no"
        " selector and is not paused."
    ),
)
def require_backup_schedules(stack: Stack) -> Iterator[Violation]:
    """One violation for each thing with volumes in a namespace that no schedule covers, but on one machine."""
    if environment_of(stack.name) == _NOTHING_TO_LOSE:
        return
    keeping = [resource for resource in stack.resources if _keeps(resource)]
    if not keeping:
        return
    schedules = of_kinds(stack.resources, _SCHEDULE)

    def covered(resource: Resource) -> Iterator[Violation]:
        namespace = namespace_of(resource)
        if not any(_covers(schedule, namespace) for schedule in schedules):
            by_namespace(schedules).vouch()
            yield Violation("metadata.namespace", f"no schedule backs up the volumes of the namespace {namespace}")

    yield from judged(keeping, covered)


def _keeps(resource: Resource) -> bool:
    kind = group_kind(resource)
    if kind == _STATEFUL:
        return bool(resource.root.at("spec", "volumeClaimTemplates").items())
    if kind in _KAFKA:
        return any(_persistent(storage) for storage in _storages(resource.root["spec"]))
    return kind == _CLAIM


def _storages(spec: Node) -> Iterator[Node]:
    yield spec["storage"]
    yield spec.at("kafka", "storage")


def _persistent(storage: Node) -> bool:
    volumes = (storage, *storage["volumes"].items())
    return any(volume["type"].text() == "persistent-claim" for volume in volumes)


def _covers(schedule: Resource, namespace: str) -> bool:
    spec = schedule.root["spec"]
    template = spec["template"]
    included = _texts(template["includedNamespaces"])
    return (
        (not included or bool({_EVERY, namespace} & included))
        and namespace not in _texts(template["excludedNamespaces"])
        and not template["labelSelector"].exists()
        and not template["orLabelSelectors"].exists()
        and template["snapshotVolumes"].boolean() is not False
        and spec["paused"].boolean() is not True
    )


def _texts(node: Node) -> frozenset[str]:
    return frozenset(text for item in node.items() if (text := item.text()) is not None)
