from collections.abc import Iterator

import pulumi
import pytest
from pulumi_policy import EnforcementLevel, ResourceValidationArgs, StackValidationArgs, StackValidationPolicy
from pulumi_policy.policy import PolicyResource, PolicyResourceOptions, ResourceValidationPolicy
from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policies.exceptions import ExceptionEntry, Exceptions, today
from policies.model import Severity, Stack, Violation
from policies.pack import Pack
from policies.pulumi_adapter import plain, pulumi_policies
from policies.rule import WholeStack, rule
from policies.runtime import Packs, load_packs
from policies.unknown import UNKNOWN

OPTIONS = PolicyResourceOptions(False, [], None, [], None, [])
POD = "kubernetes:core/v1:Pod"


@rule(
    id="TEST-001",
    title="Disallow stacks with pods",
    severity=Severity.LOW,
    topics=("test",),
    applies_to=WholeStack(),
    rationale="A rule over a whole stack.",
    remediation="Remove the pod.",
)
def disallow_pods(stack: Stack) -> Iterator[Violation]:
    for resource in stack.resources:
        image = resource.root["image"].text()
        yield Violation("image", f"{stack.name} has {resource.address} with {image}", resource=resource)


@pytest.fixture
def stack_name(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    name = ["prod"]
    monkeypatch.setattr(pulumi, "get_stack", lambda: name[0])
    return name


def _args(props: dict[str, object], token: str = POD) -> ResourceValidationArgs:
    return ResourceValidationArgs(token, unknown_checking_proxy(props), "urn:1", "web", OPTIONS, None)


def _stack_args(*tokens_and_props: tuple[str, dict[str, object]]) -> StackValidationArgs:
    return StackValidationArgs(
        [
            PolicyResource(token, unknown_checking_proxy(props), "urn:1", "web", OPTIONS, None, None, [], {})
            for token, props in tokens_and_props
        ]
    )


def _reports(packs: Packs, args: ResourceValidationArgs | StackValidationArgs) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    kind = StackValidationPolicy if isinstance(args, StackValidationArgs) else ResourceValidationPolicy
    for policy in pulumi_policies(packs):
        if isinstance(policy, kind):
            policy.validate(args, lambda message, urn=None, name=policy.name: found.append((name, message)))
    return found


def test_proxies_become_plain_data_and_unknown_values_the_sentinel():
    proxy = unknown_checking_proxy(
        {"a": [1.0, 0.5, UNKNOWN_STRING_VALUE], "b": {"c": UNKNOWN_OBJECT_VALUE, "d": None}, "e": True}
    )
    result = plain(proxy)
    assert result == {"a": [1, 0.5, UNKNOWN], "b": {"c": UNKNOWN, "d": None}, "e": True}
    assert isinstance(result["a"][0], int)


def test_each_rule_is_a_mandatory_policy_and_one_policy_is_advisory():
    policies = pulumi_policies(load_packs(["workloads"]))
    by_level = {
        level: {policy.name for policy in policies if policy.enforcement_level is level} for level in EnforcementLevel
    }
    assert by_level[EnforcementLevel.MANDATORY] >= set(load_packs(["workloads"]).rules)
    assert by_level[EnforcementLevel.ADVISORY] == {"workloads-advisory", "workloads-stack-advisory"}


def test_a_finding_is_reported_once_under_the_policy_of_its_level(stack_name: list[str]):
    args = _args({"spec": {"hostNetwork": True, "containers": []}})
    labels = [("POD-009", 4), ("POD-010", 1)]
    names = [name for name, _ in _reports(load_packs(), args)]
    assert [(name, names.count(name)) for name in sorted(set(names))] == labels
    stack_name[0] = "dev"
    names = [name for name, _ in _reports(load_packs(), args)]
    assert sorted(set(names)) == ["POD-010", "workloads-advisory"]


def test_pulumis_own_resources_are_not_asked_about(stack_name: list[str]):
    assert stack_name
    assert _reports(load_packs(), _args({"spec": UNKNOWN_OBJECT_VALUE}, "pulumi:providers:kubernetes")) == []


def test_a_rule_over_the_stack_is_a_stack_policy_of_both_levels(stack_name: list[str]):
    packs = Packs((Pack("test", "For the tests.", {}),), {"TEST-001": disallow_pods})
    args = _stack_args(("pulumi:pulumi:Stack", {"image": "x"}), (POD, {"image": "a"}))
    [(name, message)] = _reports(packs, args)
    assert name == "TEST-001"
    assert "prod has Pod web with a" in message
    stack_name[0] = "dev"
    [(name, message)] = _reports(packs, args)
    assert name == "test-stack-advisory"
    assert message.startswith("[TEST-001] ")
    [(name, message)] = _reports(packs, _stack_args((POD, {"image": UNKNOWN_STRING_VALUE})))
    assert name == "test-stack-advisory"
    assert message.startswith("UNKNOWN: [TEST-001] ")


def test_an_exception_that_excuses_nothing_is_reported_for_the_stack(stack_name: list[str]):
    loaded = load_packs()
    entry = ExceptionEntry("POD-010", "urn:*::Pod::gone", "reason", "platform", today())
    [(name, message)] = _reports(Packs(loaded.packs, loaded.rules, Exceptions((entry,))), _stack_args((POD, {})))
    assert name == "workloads-exceptions"
    assert "[EXC-002]" in message
    assert "excuses nothing" in message
    assert stack_name == ["prod"]
