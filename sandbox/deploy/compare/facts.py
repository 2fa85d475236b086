"""All that two renderings differ in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.deploy import cost
from sandbox.deploy.compare.changes import ResourceChange, compare, counts
from sandbox.deploy.compare.kafka import kafka_turns
from sandbox.deploy.compare.masking import MaskingChanges, masking_changes
from sandbox.deploy.compare.mesh import mesh_turns
from sandbox.deploy.compare.network import network_turns
from sandbox.deploy.compare.phrase import plain
from sandbox.deploy.compare.quota import QuotaChange, quota_changes
from sandbox.deploy.compare.rendering import Rendering
from sandbox.deploy.compare.statements import Turns
from sandbox.engine.events import PolicyFinding

_PLACES = frozenset(
    {
        "allowedAccountIds",
        "assumeRoles",
        "cluster",
        "clusterIdentifier",
        "context",
        "endpoints",
        "kubeconfig",
        "namespace",
        "profile",
        "region",
    }
)
"""The settings of providers that say where their resources are."""


@dataclass(frozen=True)
class Sides:
    """What is compared, in words.

    Attributes:
        stack: the stack.
        title: the change as it declares itself.
        subjects: the subjects of its commits, newest first.
        declared: the keys of catalog and configuration that differ.
        base: the base.
        head: this tree.
        notes: what a reader should know about the comparison itself.
    """

    stack: str
    title: str
    subjects: Sequence[str]
    declared: Sequence[str]
    base: str
    head: str
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class FindingChanges:
    """What the policy packs find, each side judged by its own.

    Attributes:
        new: findings that the base does not have.
        resolved: findings that only the base has.
        unchanged: how many both have.
        added_rules: rules that the base does not have.
        removed_rules: rules that only the base has; what they found shows as resolved.
        excused: exceptions that the base does not have: rule, URN pattern, reason, last day.
    """

    new: tuple[PolicyFinding, ...] = ()
    resolved: tuple[PolicyFinding, ...] = ()
    unchanged: int = 0
    added_rules: tuple[str, ...] = ()
    removed_rules: tuple[str, ...] = ()
    excused: tuple[tuple[str, ...], ...] = ()

    @property
    def blocking(self) -> int:
        """How many of the new findings would stop a deployment."""
        return sum(1 for finding in self.new if finding.mandatory)


@dataclass(frozen=True)
class Facts:
    """The comparison.

    Attributes:
        sides: what is compared.
        changes: the resources that differ.
        findings: what the policy packs find.
        network: who may reach whom.
        mesh: who may call whom.
        kafka: who may do what in Kafka.
        masking: who sees what.
        quotas: what namespaces may take.
        cost: US dollars a month, as `sandbox.deploy.cost.compare` has them; None when the program tells none.
    """

    sides: Sides
    changes: Sequence[ResourceChange]
    findings: FindingChanges
    network: Turns
    mesh: Turns
    kafka: Turns
    masking: MaskingChanges
    quotas: Sequence[QuotaChange]
    cost: Mapping[str, Any] | None

    @property
    def counts(self) -> dict[str, int]:
        """How many resources are created, changed, replaced and deleted."""
        return counts(self.changes)

    @property
    def elsewhere(self) -> list[tuple[str, list[str]]]:
        """The providers that point at another cluster, account or region, each with the settings that say so."""
        found = [
            (change.address, [each.text for each in change.fields if each.path and each.path[0] in _PLACES])
            for change in self.changes
            if change.type.startswith("pulumi:providers:") and change.op != "create"
        ]
        return [(address, settings) for address, settings in found if settings]

    @property
    def endangered(self) -> list[ResourceChange]:
        """The deleted and replaced resources with which something is lost."""
        return [change for change in self.changes if change.loses]


def gather(sides: Sides, base: Rendering, head: Rendering) -> Facts:
    """Compare two renderings in everything."""
    old, new = list(base.steps.values()), list(head.steps.values())
    return Facts(
        sides=sides,
        changes=compare(base.steps, head.steps),
        findings=compare_findings(base, head),
        network=network_turns(old, new),
        mesh=mesh_turns(old, new),
        kafka=kafka_turns(old, new),
        masking=masking_changes(old, new),
        quotas=quota_changes(old, new),
        cost=cost.compare(head.outputs, base.outputs),
    )


def compare_findings(base: Rendering, head: Rendering) -> FindingChanges:
    """Compare what the packs of both sides find; a finding is the same when rule, resource and field are."""
    old = {(each.rule, each.urn, each.path): each for each in base.findings}
    new = {(each.rule, each.urn, each.path): each for each in head.findings}
    return FindingChanges(
        new=tuple(new[key] for key in sorted(new.keys() - old.keys(), key=lambda key: (not new[key].mandatory, key))),
        resolved=tuple(old[key] for key in sorted(old.keys() - new.keys())),
        unchanged=len(old.keys() & new.keys()),
        added_rules=tuple(sorted(head.rules - base.rules)) if base.rules else (),
        removed_rules=tuple(sorted(base.rules - head.rules)),
        excused=tuple(sorted(head.excused - base.excused)),
    )


def to_json(facts: Facts) -> dict[str, Any]:
    """Describe the comparison as plain data."""
    sides, findings = facts.sides, facts.findings
    return {
        "title": sides.title,
        "stack": sides.stack,
        "base": sides.base,
        "head": sides.head,
        "notes": list(sides.notes),
        "commits": list(sides.subjects),
        "declared": list(sides.declared),
        "changeSummary": facts.counts,
        "elsewhere": [{"provider": address, "settings": settings} for address, settings in facts.elsewhere],
        "lookAtFirst": [{"address": each.address, "op": each.op, "loses": each.loses} for each in facts.endangered],
        "resources": [_resource(change) for change in facts.changes],
        "policies": {
            "new": [_finding(each) for each in findings.new],
            "resolved": [_finding(each) for each in findings.resolved],
            "unchanged": findings.unchanged,
            "addedRules": list(findings.added_rules),
            "removedRules": list(findings.removed_rules),
            "excused": [
                dict(zip(("rule", "urn", "reason", "expires"), each, strict=False)) for each in findings.excused
            ],
        },
        "network": _turns(facts.network),
        "mesh": _turns(facts.mesh),
        "kafka": _turns(facts.kafka),
        "masking": {
            "sights": [vars(each) for each in facts.masking.sights],
            "otherArtifacts": list(facts.masking.unread),
        },
        "quotas": [vars(each) for each in facts.quotas],
        "cost": facts.cost,
    }


def _resource(change: ResourceChange) -> dict[str, Any]:
    return {
        "op": change.op,
        "urn": change.urn,
        "type": change.type,
        "address": change.address,
        "fields": [
            {
                "path": each.text,
                "kind": each.kind,
                "old": each.old,
                "new": each.new,
                "replaces": each.text in change.replaces,
            }
            for each in change.fields
        ],
        "reasons": [plain(each) for each in change.reasons],
        "loses": change.loses,
        "dependents": change.dependents,
    }


def _finding(finding: PolicyFinding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "level": finding.level,
        "mandatory": finding.mandatory,
        "urn": finding.urn,
        "path": finding.path,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def _turns(turns: Turns) -> dict[str, list[str]]:
    return {"opened": [plain(each) for each in turns.opened], "closed": [plain(each) for each in turns.closed]}
