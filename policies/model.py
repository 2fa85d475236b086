from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from policies.node import Node


class Severity(StrEnum):
    """How much harm a breach of the rule can do, from Pulumi's own scale."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Level(StrEnum):
    """What a finding does: a mandatory one stops the deployment, an advisory one is shown."""

    ADVISORY = "advisory"
    MANDATORY = "mandatory"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as rules see it, wherever it comes from (a preview, a state file, rendered YAML).

    Attributes:
        urn: The Pulumi URN. Resources read from YAML files have one of the same form, with `manifests` as project.
        type: The Pulumi type token, such as `kubernetes:apps/v1:Deployment`.
        name: The Pulumi name; for YAML files `namespace/name`, or `name` without a namespace.
        props: The inputs in camelCase, which for Kubernetes is the manifest itself. Plain dicts, lists and scalars;
            `UNKNOWN` stands for a value that is not yet known.
        source: Where it was read, as `file:line`, or empty.
    """

    urn: str
    type: str
    name: str
    props: dict[str, Any]
    source: str = ""
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def root(self) -> Node:
        """The properties as a node to descend from."""
        return Node(self.props)

    @property
    def kind(self) -> str:
        """The last part of the type token, such as `Deployment`."""
        return self.type.rpartition(":")[2]

    @property
    def address(self) -> str:
        """The short name for people, such as `Deployment orders/web`."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Stack:
    """All resources of a stack (or of a folder of manifests), for rules about the whole.

    Attributes:
        name: The stack's name as Pulumi knows it; empty when files are checked with no stack named.
        resources: Every resource, in the order of registration or of reading.
    """

    name: str
    resources: Sequence[Resource]


@dataclass(frozen=True, slots=True)
class Violation:
    """What a rule reports: where, what, and how to repair it.

    Attributes:
        path: The field, such as `spec.template.spec.containers[0].image`.
        message: One sentence that names the thing and the value; never a value that may be secret.
        remedy: What to do; the rule's own remediation if empty.
        resource: The offender, needed only from rules over a whole stack.
    """

    path: str
    message: str
    remedy: str = ""
    resource: Resource | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation with everything that a reader needs to place it.

    Attributes:
        rule: The permanent rule id, such as `POD-001`.
        severity: How much harm it can do.
        level: What it does in this environment.
        urn: The resource; empty for a finding about the whole stack.
        address: The resource's short name for people.
        path: The field in the resource.
        message: What is wrong; prefixed `UNKNOWN` if it cannot be judged yet.
        remedy: What to do.
        source: `file:line` if it was read from a file.
        unknown: Whether the rule met a value that is not yet known.
    """

    rule: str
    severity: Severity
    level: Level
    urn: str
    address: str
    path: str
    message: str
    remedy: str
    source: str = ""
    unknown: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain data for JSON; the keys are the attribute names."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "level": self.level.value,
            "urn": self.urn,
            "address": self.address,
            "source": self.source,
            "path": self.path,
            "message": self.message,
            "remedy": self.remedy,
        }
