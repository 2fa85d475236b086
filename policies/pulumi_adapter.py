from __future__ import annotations

from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    ResourceValidationPolicy,
    StackValidationPolicy,
)
from pulumi_policy import Severity as PulumiSeverity

from policies.analyzer import serve
from policies.rule import Rule
from policies.runtime import Packs, load_packs


def serve_pack(name: str) -> None:
    """Serve one pack to Pulumi as an analyzer plug-in; returns only when the process is told to stop.

    Args:
        name: The pack's name, such as `workloads`.
    """
    packs = load_packs([name])
    serve(packs, pulumi_policies(packs))


def pulumi_policies(packs: Packs) -> list[Policy]:
    """The rules as Pulumi lists, configures and reports them.

    Pulumi fixes the level of a policy when the pack starts, whereas here it follows from the stack, which is known only
    when a policy is asked. So each rule is a mandatory policy under its own id, which reports what is mandatory, and
    one advisory policy for the pack reports the advisory findings of all rules, those about values that are not yet
    known among them.

    Args:
        packs: One pack that is loaded.
    """
    [pack] = packs.packs
    return [
        *(_policy(rule) for rule in packs.rules.values()),
        ResourceValidationPolicy(
            name=f"{pack.name}-advisory",
            description=f"Findings of the pack {pack.name} that do not stop a deployment in this environment",
            validate=_answered_at_once,
            enforcement_level=EnforcementLevel.ADVISORY,
        ),
        StackValidationPolicy(
            name=f"{pack.name}-stack-advisory",
            description=f"Findings of the pack {pack.name} about the whole stack that do not stop a deployment",
            validate=_answered_at_once,
            enforcement_level=EnforcementLevel.ADVISORY,
        ),
        StackValidationPolicy(
            name=f"{pack.name}-exceptions",
            description="Exceptions must hold and must excuse something",
            validate=_answered_at_once,
            enforcement_level=EnforcementLevel.MANDATORY,
        ),
    ]


def _policy(rule: Rule) -> Policy:
    kind = StackValidationPolicy if rule.about_stack else ResourceValidationPolicy
    standard, _, control = (rule.frameworks[0] if rule.frameworks else "").partition(":")
    return kind(
        name=rule.id,
        description=rule.title,
        validate=_answered_at_once,
        display_name=f"{rule.id} {rule.title}",
        severity=PulumiSeverity(rule.severity.value),
        tags=list(rule.topics),
        remediation_steps=rule.remediation,
        framework=PolicyComplianceFramework(name=standard, specification=control) if standard else None,
        enforcement_level=EnforcementLevel.MANDATORY,
    )


def _answered_at_once(args: Any, report: Any) -> None:
    raise RuntimeError(
        "a single policy was asked; policies.analyzer.Analyzer asks all rules of a pack about a resource at once, so"
        f" serve the pack with it ({type(args).__name__}, {report!r})"
    )
