from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi_policy import EnforcementLevel
from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE

from policies.analyzer import Analyzer, plain
from policies.exceptions import ExceptionEntry, Exceptions, today
from policies.model import Severity, Stack, Violation
from policies.pack import Pack
from policies.pulumi_adapter import pulumi_policies
from policies.rule import WholeStack, rule
from policies.runtime import Packs, load_packs
from policies.unknown import UNKNOWN

POD = "kubernetes:core/v1:Pod"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


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


def _struct(props: dict[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(props)
    return message


def _analyzer(packs: Packs | None = None, stack: str = "prod") -> Analyzer:
    packs = packs or load_packs(["workloads"])
    return Analyzer(packs, pulumi_policies(packs), stack)


def _reports(analyzer: Analyzer, props: dict[str, Any], token: str = POD) -> list[tuple[str, str]]:
    request = pb.AnalyzeRequest(type=token, urn="urn:1", name="web", properties=_struct(props))
    return [(item.policyName, item.message) for item in analyzer.Analyze(request, None).diagnostics]


def _stack_reports(analyzer: Analyzer, *resources: tuple[str, dict[str, Any]]) -> list[tuple[str, str]]:
    asked = [
        pb.AnalyzerResource(type=token, urn="urn:1", name="web", properties=_struct(props))
        for token, props in resources
    ]
    answer = analyzer.AnalyzeStack(pb.AnalyzeStackRequest(resources=asked), None)
    return [(item.policyName, item.message) for item in answer.diagnostics]


def test_what_comes_over_the_wire_becomes_plain_data_and_unknown_values_the_sentinel():
    result = plain(
        _struct(
            {
                "a": [1.0, 0.5, UNKNOWN_STRING_VALUE],
                "b": {"c": UNKNOWN_OBJECT_VALUE, "d": None},
                "e": True,
                "f": {**SECRET, "value": {"g": "open", "h": UNKNOWN_STRING_VALUE}},
            }
        )
    )
    assert result == {
        "a": [1, 0.5, UNKNOWN],
        "b": {"c": UNKNOWN, "d": None},
        "e": True,
        "f": {"g": "open", "h": UNKNOWN},
    }
    assert isinstance(result["a"][0], int)


def test_a_secret_that_is_still_encrypted_is_not_known():
    assert plain(_struct({"a": {**SECRET, "ciphertext": "v1:x"}})) == {"a": UNKNOWN}


def test_each_rule_is_a_mandatory_policy_and_one_policy_is_advisory():
    policies = pulumi_policies(load_packs(["workloads"]))
    by_level = {
        level: {policy.name for policy in policies if policy.enforcement_level is level} for level in EnforcementLevel
    }
    assert by_level[EnforcementLevel.MANDATORY] >= set(load_packs(["workloads"]).rules)
    assert by_level[EnforcementLevel.ADVISORY] == {"workloads-advisory", "workloads-stack-advisory"}


def test_a_policy_that_is_asked_alone_says_who_is_to_be_asked():
    [first, *_] = pulumi_policies(load_packs(["workloads"]))
    with pytest.raises(RuntimeError, match=r"serve the pack with it"):
        first.validate(None, None)


def test_a_finding_is_reported_once_under_the_policy_of_its_level():
    props = {"spec": {"hostNetwork": True, "containers": []}}
    names = [name for name, _ in _reports(_analyzer(), props)]
    assert {("POD-009", 4), ("POD-010", 1)} <= {(name, names.count(name)) for name in names}
    names = [name for name, _ in _reports(_analyzer(stack="dev"), props)]
    assert {"POD-010", "workloads-advisory"} <= set(names)
    assert "POD-009" not in names


def test_the_stack_that_pulumi_names_decides_the_level():
    analyzer = _analyzer()
    analyzer.ConfigureStack(pb.AnalyzerStackConfigureRequest(stack="dev"), None)
    assert "workloads-advisory" in {name for name, _ in _reports(analyzer, {"spec": {"containers": []}})}


@pytest.mark.parametrize("stack", ["prod", "dev"])
def test_a_rule_that_the_user_switched_off_is_silent_at_every_level(stack: str):
    analyzer = _analyzer(stack=stack)
    config = {"POD-009": pb.PolicyConfig(enforcementLevel=pb.DISABLED)}
    analyzer.Configure(pb.ConfigureAnalyzerRequest(policyConfig=config), None)
    assert not any("POD-009" in name + text for name, text in _reports(analyzer, {"spec": {"containers": []}}))


def test_pulumis_own_resources_are_not_asked_about():
    assert _reports(_analyzer(), {"spec": UNKNOWN_OBJECT_VALUE}, "pulumi:providers:kubernetes") == []


def test_nothing_is_remediated():
    assert not _analyzer().Remediate(pb.AnalyzeRequest(type=POD, urn="urn:1", name="web"), None).remediations


def test_a_rule_over_the_stack_is_a_stack_policy_of_both_levels():
    packs = Packs((Pack("test", "For the tests.", {}),), {"TEST-001": disallow_pods})
    resources = (("pulumi:pulumi:Stack", {"image": "x"}), (POD, {"image": "a"}))
    [(name, message)] = _stack_reports(_analyzer(packs), *resources)
    assert name == "TEST-001"
    assert "prod has Pod web with a" in message
    [(name, message)] = _stack_reports(_analyzer(packs, "dev"), *resources)
    assert name == "test-stack-advisory"
    assert "\n[TEST-001] " in message
    [(name, message)] = _stack_reports(_analyzer(packs, "dev"), (POD, {"image": UNKNOWN_STRING_VALUE}))
    assert name == "test-stack-advisory"
    assert "\nUNKNOWN: [TEST-001] " in message


def test_while_pulumi_has_no_outputs_the_stack_is_judged_by_what_was_declared():
    packs = Packs((Pack("test", "For the tests.", {}),), {"TEST-001": disallow_pods})
    analyzer = _analyzer(packs)
    _reports(analyzer, {"image": "declared"})
    [(_, message)] = _stack_reports(analyzer, (POD, {}))
    assert "prod has Pod web with declared" in message
    [(_, message)] = _stack_reports(analyzer, (POD, {"image": UNKNOWN_STRING_VALUE}))
    assert "prod has Pod web with declared" in message
    [(_, message)] = _stack_reports(analyzer, (POD, {"image": "made"}))
    assert "prod has Pod web with made" in message


def test_all_rules_that_wait_for_one_value_are_told_of_in_one_sentence():
    [(name, message)] = [item for item in _reports(_analyzer(), {"spec": UNKNOWN_OBJECT_VALUE}) if "spec is" in item[1]]
    assert name == "workloads-advisory"
    assert message.count("UNKNOWN") == 1
    assert message.count("POD-") > 5


def test_an_exception_that_excuses_nothing_is_reported_for_the_stack():
    loaded = load_packs(["workloads"])
    entry = ExceptionEntry("POD-010", "urn:*::Pod::gone", "reason", "platform", today())
    packs = Packs(loaded.packs, loaded.rules, Exceptions((entry,)))
    found = [(name, text) for name, text in _stack_reports(_analyzer(packs), (POD, {})) if "[EXC-" in text]
    [(name, message)] = found
    assert name == "workloads-exceptions"
    assert "[EXC-002]" in message
    assert "excuses nothing" in message
