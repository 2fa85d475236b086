from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import Severity as PulumiSeverity
from pulumi_policy.proxy import UnknownValueError

from policies.exceptions import today
from policies.model import Finding, Level, Resource
from policies.model import Stack as WholeStack
from policies.rule import Rule
from policies.runtime import Packs, load_packs
from policies.unknown import UNKNOWN

_INTERNAL = ("pulumi:pulumi:", "pulumi:providers:")


def serve_pack(name: str) -> None:
    """Serve one pack to Pulumi as an analyzer plug-in; returns only when the process is told to stop.

    Args:
        name: The pack's name, such as `workloads`.
    """
    packs = load_packs([name])
    PolicyPack(
        name=name,
        policies=pulumi_policies(packs),
        enforcement_level=EnforcementLevel.MANDATORY,
        description=packs.packs[0].description,
    )


def pulumi_policies(packs: Packs) -> list[Policy]:
    """The rules as Pulumi policies.

    Pulumi fixes the level of a policy when the pack starts, whereas here it follows from the stack, which is known only
    when a policy is asked. So each rule is a mandatory policy under its own id, which reports what is mandatory, and
    one advisory policy for the pack reports the advisory findings of all rules, those about values that are not yet
    known among them.

    Args:
        packs: One pack that is loaded, or several.
    """
    name = "-".join(pack.name for pack in packs.packs)
    policies = [
        _stack_policy(packs, rule) if rule.about_stack else _resource_policy(packs, rule)
        for rule in packs.rules.values()
    ]
    policies.append(
        ResourceValidationPolicy(
            name=f"{name}-advisory",
            description=f"Findings of the pack {name} that do not stop a deployment in this environment",
            validate=_resource_validator(packs, Level.ADVISORY, with_rule=True),
            enforcement_level=EnforcementLevel.ADVISORY,
        )
    )
    policies.append(
        StackValidationPolicy(
            name=f"{name}-stack-advisory",
            description=f"Findings of the pack {name} about the whole stack that do not stop a deployment",
            validate=_stack_validator(packs, Level.ADVISORY, with_rule=True),
            enforcement_level=EnforcementLevel.ADVISORY,
        )
    )
    policies.append(
        StackValidationPolicy(
            name=f"{name}-exceptions",
            description="Exceptions must hold and must excuse something",
            validate=_exceptions_validator(packs),
            enforcement_level=EnforcementLevel.MANDATORY,
        )
    )
    return policies


def plain(value: Any) -> Any:
    """A property value of Pulumi as rules read it: plain dicts and lists, whole numbers, `UNKNOWN` where not known.

    Args:
        value: What a policy is given; a proxy that raises when an unknown value is looked at.
    """
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_item(value, index) for index in range(len(value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _item(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN


def _resource_policy(packs: Packs, rule: Rule) -> Policy:
    only = Packs(packs.packs, {rule.id: rule}, packs.exceptions)
    return ResourceValidationPolicy(validate=_resource_validator(only, Level.MANDATORY), **_metadata(rule))


def _stack_policy(packs: Packs, rule: Rule) -> Policy:
    only = Packs(packs.packs, {rule.id: rule}, packs.exceptions)
    return StackValidationPolicy(validate=_stack_validator(only, Level.MANDATORY), **_metadata(rule))


def _metadata(rule: Rule) -> dict[str, Any]:
    standard, _, control = (rule.frameworks[0] if rule.frameworks else "").partition(":")
    return {
        "name": rule.id,
        "description": rule.title,
        "display_name": f"{rule.id} {rule.title}",
        "severity": PulumiSeverity(rule.severity.value),
        "tags": list(rule.topics),
        "remediation_steps": rule.remediation,
        "framework": PolicyComplianceFramework(name=standard, specification=control) if standard else None,
        "enforcement_level": EnforcementLevel.MANDATORY,
    }


def _resource_validator(
    packs: Packs, level: Level, *, with_rule: bool = False
) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type.startswith(_INTERNAL):
            return
        resource = Resource(args.urn, args.resource_type, args.name, plain(args.props))
        for finding in packs.check_resource(resource, stack=pulumi.get_stack()):
            if finding.level is level:
                report(_text(finding, with_rule=with_rule), finding.urn)

    return validate


def _stack_validator(
    packs: Packs, level: Level, *, with_rule: bool = False
) -> Callable[[StackValidationArgs, ReportViolation], None]:
    rules = [rule for rule in packs.rules.values() if rule.about_stack]

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if not rules:
            return
        whole = WholeStack(pulumi.get_stack(), _resources(args))
        for rule in rules:
            for finding in rule.evaluate_stack(whole):
                if finding.level is level and not packs.exceptions.excused(finding, today()):
                    report(_text(finding, with_rule=with_rule), finding.urn or None)

    return validate


def _exceptions_validator(packs: Packs) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if not packs.exceptions.entries:
            return
        stack = pulumi.get_stack()
        for finding in packs.exceptions.judge(packs.rules.values(), _resources(args), stack=stack, today=today()):
            report(_text(finding, with_rule=True), None)

    return validate


def _resources(args: StackValidationArgs) -> tuple[Resource, ...]:
    return tuple(
        Resource(item.urn, item.resource_type, item.name, plain(item.props))
        for item in args.resources
        if not item.resource_type.startswith(_INTERNAL)
    )


def _text(finding: Finding, *, with_rule: bool) -> str:
    rule = f"[{finding.rule}] " if with_rule else ""
    prefix = "UNKNOWN: " if finding.unknown else ""
    message = finding.message.removeprefix(prefix)
    where = f"{finding.path}: " if finding.path and finding.path not in message else ""
    return f"{prefix}{rule}{where}{message}. {finding.remedy}"
