from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from policies.amounts import amount_at, shown_amount
from policies.kinds import group_kind, kinds
from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import rule

_CLAIM: Final = ("core", "PersistentVolumeClaim")
_STATEFUL_SET: Final = ("apps", "StatefulSet")
_POOL: Final = ("kafka.strimzi.io", "KafkaNodePool")

_LARGEST: Final = Decimal(16 * 2**40)
"""Bytes of the largest volume: 16 TiB, the most of an EBS volume of type gp3 (Amazon EBS User Guide, gp3 volumes)."""


@rule(
    id="QUOTA-012",
    title="Limit volume claims: a size that can be had, and a class that provides it",
    severity=Severity.MEDIUM,
    topics=("quota", "storage", "cost"),
    applies_to=kinds(_CLAIM, _STATEFUL_SET, _POOL),
    rationale=(
        "A claim without a size, with one that no volume can have, or with the empty class, which nothing provides,"
        " waits for ever and its pod with it; the quota counts it all the same."
    ),
    remediation=(
        "Set spec.resources.requests.storage to an amount up to 16Ti; leave storageClassName out for the default class,"
        " or name one. The empty class is for volumes that exist: name one in volumeName or select it."
    ),
)
def limit_volume_claims(resource: Resource) -> Iterator[Violation]:
    """One violation for each claim whose size or class cannot be had."""
    spec = resource.root["spec"]
    kind = group_kind(resource)
    if kind == _CLAIM:
        yield from _claim(spec)
    elif kind == _STATEFUL_SET:
        for claim in spec["volumeClaimTemplates"].items():
            yield from _claim(claim["spec"])
    else:
        storage = spec["storage"]
        for volume in (storage, *storage["volumes"].items()):
            if volume["type"].text() == "persistent-claim":
                yield from _size(volume["size"])


def _claim(spec: Node) -> Iterator[Violation]:
    yield from _size(spec.at("resources", "requests", "storage"))
    class_ = spec["storageClassName"]
    if class_.text() == "" and not spec["volumeName"].text() and not spec["selector"].exists():
        yield Violation(class_.path, "the storage class is empty, so that nothing provides the volume")


def _size(node: Node) -> Iterator[Violation]:
    size = amount_at(node)
    if size is None or size <= 0:
        yield Violation(node.path, f"the claim asks for {node.shown() if node.exists() else 'no size'}")
    elif size > _LARGEST:
        most = shown_amount("storage", _LARGEST)
        yield Violation(node.path, f"the claim asks for {shown_amount('storage', size)}; a volume has at most {most}")
