"""What Kafka's users may do: the ACLs of KafkaUsers, and whether the cluster asks for any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandbox.deploy.compare.phrase import Phrase, join, listed
from sandbox.deploy.compare.statements import (
    Manifest,
    Statement,
    Turns,
    compact,
    manifests,
    mapping,
    name_of,
    namespace_of,
    sequence,
    turns,
)
from sandbox.engine.events import StepPlanned

_GROUP = "kafka.strimzi.io"


def kafka_turns(base: Iterable[StepPlanned], head: Iterable[StepPlanned]) -> Turns:
    """Say what Kafka's users may do now and could not before, and the other way about."""
    return turns(_statements(list(base)), _statements(list(head)))


def _statements(steps: list[StepPlanned]) -> Iterator[Statement]:
    for cluster in manifests(steps, _GROUP, "Kafka"):
        if mapping(cluster, "spec", "kafka", "authorization"):
            name = f"{namespace_of(cluster)}/{name_of(cluster)}"
            now: Phrase = ("the cluster ", name, " lets users do only what their ACLs allow")
            no_longer: Phrase = ("the cluster ", name, " no longer asks for ACLs: every user may do everything")
            yield Statement(now, no_longer, forbids=True)
    for user in manifests(steps, _GROUP, "KafkaUser"):
        for acl in sequence(user, "spec", "authorization", "acls"):
            yield from _acl(name_of(user), mapping(acl))


def _acl(user: str, acl: Manifest) -> Iterator[Statement]:
    resource = mapping(acl, "resource")
    kind = compact(resource.get("type"))
    prefixed = resource.get("patternType") == "prefix"
    things = "s that begin with" if prefixed else ""
    name = f" {compact(resource['name'])}" if "name" in resource else ""
    on: Phrase = (" the ", f"{kind}{things}{name}", "")
    host = compact(acl.get("host", "*"))
    at: Phrase = (" from ", host, "") if host != "*" else ("",)
    forbids = acl.get("type") == "deny"
    operations = sorted(compact(each) for each in sequence(acl, "operations")) or [compact(acl.get("operation", "All"))]
    for operation in operations:
        words = (" is now refused ", " is no longer refused ") if forbids else (" may now ", " may no longer ")
        now, no_longer = (join(("", user, word), listed([operation]), on, at) for word in words)
        yield Statement(now, no_longer, forbids=forbids)
