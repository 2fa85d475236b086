"""What controllers and services of AWS make that the program does not declare, from what it declares.

Pulumi deletes what it made. A load balancer that a controller made for a Service, a volume that a claim asked for or a
log group that a database fills is known to nobody's state: this list says what there will be, whether the teardown
takes it along, and how to find what it left. The words are in ``made_by_others.yaml``; here is what makes what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.engine.events import StepPlanned

TEXTS = Path(__file__).with_name("made_by_others.yaml")


@dataclass(frozen=True)
class Entry:
    """Something that is there and was not declared.

    Attributes:
        thing: what it is.
        maker: who makes it, and from what.
        stays: whether it is there after the teardown.
        how: what takes it along, or why it stays.
        find: a command that finds what is left of it.
    """

    thing: str
    maker: str
    stays: bool
    how: str
    find: str


_LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"

Inputs = Mapping[str, Any]
Made = Iterator[tuple[str, dict[str, object]]]
"""What is made, by its text's key, and what the text's gaps are filled with."""


def ledger(resources: Sequence[StepPlanned]) -> list[Entry]:
    """Derive the list from what is declared."""
    found: dict[Entry, None] = {}
    own = {f"log group {each.inputs.get('name')}" for each in resources if each.type == _LOG_GROUP}
    for resource in resources:
        rule = _RULES.get(resource.type) or _KINDS.get(_kind(resource))
        if rule is not None:
            found.update((_entry(text, gaps), None) for text, gaps in rule(resource.inputs))
    return sorted(
        (entry for entry in found if entry.thing not in own),
        key=lambda entry: (not entry.stays, entry.thing, entry.maker),
    )


@cache
def texts() -> Mapping[str, Mapping[str, Any]]:
    """What there is to say, by its key."""
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))
    return loaded


def _entry(text: str, gaps: Mapping[str, object]) -> Entry:
    filled: dict[str, Any] = {
        key: said.format(**gaps) if isinstance(said, str) else said for key, said in texts()[text].items()
    }
    return Entry(**filled)


def _kind(resource: StepPlanned) -> str:
    return str(resource.inputs.get("kind", "")) if resource.type.startswith("kubernetes:") else ""


def _name(inputs: Inputs, key: str = "name") -> str:
    metadata = inputs.get("metadata")
    if isinstance(metadata, Mapping):
        namespace = metadata.get("namespace")
        return f"{namespace}/{metadata.get('name')}" if namespace else str(metadata.get("name"))
    return str(inputs.get(key, "?"))


def _service(inputs: Inputs) -> Made:
    if inputs.get("spec", {}).get("type") == "LoadBalancer":
        yield "load-balancer", {"name": _name(inputs)}


def _scaled(inputs: Inputs) -> Made:
    yield "autoscaler", {"name": _name(inputs), "scaler": _name(inputs).rpartition("/")[2]}


def _claim(inputs: Inputs) -> Made:
    yield _volumes(f"claim {_name(inputs)}", 1, kept=False)


def _stateful(inputs: Inputs) -> Made:
    spec = inputs.get("spec", {})
    policy = spec.get("persistentVolumeClaimRetentionPolicy", {}).get("whenDeleted", "Retain")
    for template in spec.get("volumeClaimTemplates", ()):
        name = template.get("metadata", {}).get("name", "?")
        of = f"claims {name} of StatefulSet {_name(inputs)}"
        yield _volumes(of, int(spec.get("replicas", 1)), kept=policy == "Retain")


def _node_pool(inputs: Inputs) -> Made:
    spec = inputs.get("spec", {})
    storage = spec.get("storage", {})
    volumes = storage.get("volumes", [storage])
    claims = [volume for volume in volumes if volume.get("type") == "persistent-claim"]
    for volume in claims:
        of = f"KafkaNodePool {_name(inputs)}"
        yield _volumes(of, int(spec.get("replicas", 1)), kept=not volume.get("deleteClaim", False))


def _volumes(of: str, count: int, *, kept: bool) -> tuple[str, dict[str, object]]:
    gaps = {"of": of, "count": count, "volumes": "volume" if count == 1 else "volumes"}
    return "kept-volumes" if kept else "volumes", gaps


def _cluster(inputs: Inputs) -> Made:
    for text in ("control-plane", "control-plane-log"):
        yield text, {"name": _name(inputs)}


def _inside(inputs: Inputs) -> Made:
    yield "origin-interfaces", {"name": inputs.get("vpcOriginEndpointConfig", {}).get("name", "?")}


def _database(inputs: Inputs) -> Made:
    name = _name(inputs, "identifier")
    for log in inputs.get("enabledCloudwatchLogsExports") or ():
        yield "database-log", {"name": name, "log": log}
    if not _true(inputs.get("skipFinalSnapshot")):
        yield "database-snapshot", {"name": name}
    if _true(inputs.get("manageMasterUserPassword")):
        yield "database-password", {"name": name}


def _cache(inputs: Inputs) -> Made:
    if snapshot := inputs.get("finalSnapshotIdentifier"):
        yield "cache-snapshot", {"name": _name(inputs, "replicationGroupId"), "snapshot": snapshot}


def _secret(inputs: Inputs) -> Made:
    days = inputs.get("recoveryWindowInDays")
    if days not in (0, "0"):
        yield "deleted-secrets", {"days": days or 30}


def _key(inputs: Inputs) -> Made:
    yield "deleted-keys", {"days": inputs.get("deletionWindowInDays") or 30}


def _certificate(inputs: Inputs) -> Made:
    yield "certificate-secret", {"name": _name(inputs), "secret": inputs.get("spec", {}).get("secretName", "?")}


def _always(text: str, key: str = "name", *, unless: str = "") -> Callable[[Inputs], Made]:
    """A rule that needs no more than a name, and makes nothing where an input is true."""

    def rule(inputs: Inputs) -> Made:
        if not _true(inputs.get(unless)):
            yield text, {"name": _name(inputs, key)}

    return rule


def _true(value: object) -> bool:
    return value is True or value == "true"


_RULES: Mapping[str, Callable[[Inputs], Made]] = {
    "aws:backup/vault:Vault": _always("recovery-points"),
    "aws:cloudfront/vpcOrigin:VpcOrigin": _inside,
    "aws:ecr/repository:Repository": _always("images", unless="forceDelete"),
    "aws:eks/cluster:Cluster": _cluster,
    "aws:eks/nodeGroup:NodeGroup": _always("nodes", "clusterName"),
    "aws:elasticache/replicationGroup:ReplicationGroup": _cache,
    "aws:kms/key:Key": _key,
    "aws:rds/instance:Instance": _database,
    "aws:s3/bucket:Bucket": _always("objects", "bucket", unless="forceDestroy"),
    "aws:secretsmanager/secret:Secret": _secret,
}

_KINDS: Mapping[str, Callable[[Inputs], Made]] = {
    "Certificate": _certificate,
    "KafkaNodePool": _node_pool,
    "PersistentVolumeClaim": _claim,
    "ScaledObject": _scaled,
    "Schedule": _always("backups"),
    "Service": _service,
    "StatefulSet": _stateful,
}
