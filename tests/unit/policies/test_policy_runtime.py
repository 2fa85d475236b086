import importlib
import sys
from collections.abc import Iterator

import pytest

from policies.errors import InputError
from policies.model import Level, Resource, Severity, Stack, Violation
from policies.pack import Pack
from policies.rule import Types, WholeStack, rule
from policies.runtime import PACKS, Packs, load_packs
from policies.unknown import UNKNOWN


@rule(
    id="TEST-001",
    title="Require a bucket in each stack",
    severity=Severity.LOW,
    topics=("test",),
    applies_to=WholeStack(),
    rationale="A rule over a whole stack.",
    remediation="Add a bucket.",
)
def require_bucket(stack: Stack) -> Iterator[Violation]:
    for resource in stack.resources:
        if resource.root["public"].boolean():
            yield Violation("public", f"{resource.address} is public", resource=resource)
    if not any(resource.kind == "Bucket" for resource in stack.resources):
        yield Violation("", f"the stack {stack.name} has no bucket")


@rule(
    id="TEST-002",
    title="Disallow public buckets",
    severity=Severity.HIGH,
    topics=("test",),
    applies_to=Types(frozenset({"aws:s3/bucket:Bucket"})),
    rationale="A rule over one type.",
    remediation="Make it private.",
)
def disallow_public(bucket: Resource) -> Iterator[Violation]:
    if bucket.root["public"].boolean():
        yield Violation("public", "it is public", remedy="Set public to false.")


RULES = {"TEST-001": require_bucket, "TEST-002": disallow_public}
PACKED = Packs((Pack("test", "For the tests.", {}),), RULES)
BUCKET = Resource("urn:1", "aws:s3/bucket:Bucket", "logs", {"public": True})


def _forget(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] in packages:
            monkeypatch.delitem(sys.modules, name)


def test_importing_the_runtime_imports_neither_pulumi_nor_anything_else_that_is_slow(monkeypatch: pytest.MonkeyPatch):
    slow = ("pulumi", "pulumi_policy", "yaml", "pydantic", "grpc")
    _forget(monkeypatch, "policies", *slow)
    importlib.import_module("policies.runtime")
    assert set(slow).isdisjoint(sys.modules)


def test_loading_and_asking_the_packs_does_not_import_pulumi(monkeypatch: pytest.MonkeyPatch):
    _forget(monkeypatch, "policies", "pulumi", "pulumi_policy")
    packs = importlib.import_module("policies.runtime").load_packs()
    model = importlib.import_module("policies.model")
    packs.check_resource(model.Resource("u", "kubernetes:core/v1:Pod", "p", {"spec": {}}), stack="local")
    assert "pulumi" not in sys.modules


def test_the_packs_are_these():
    assert set(PACKS) <= {"aws", "masking", "network", "quotas", "workloads"}
    assert len(PACKS) == len(set(PACKS))


def test_an_id_belongs_to_one_rule_and_one_pack():
    ids = [id_ for name in PACKS for id_ in load_packs([name]).rules]
    assert len(ids) == len(set(ids))


def test_every_rule_says_why_and_what_to_do():
    for id_, rule_ in load_packs().rules.items():
        data = rule_.metadata()
        assert data["id"] == id_
        assert all(data[key] for key in ("title", "severity", "topics", "applies_to", "rationale", "remediation"))


def test_a_pack_that_does_not_exist_is_refused_with_the_names_that_do():
    with pytest.raises(InputError, match=f"there is no policy pack 'nope'; there are: {', '.join(PACKS)}"):
        load_packs(["nope"])


def test_a_pack_that_calls_a_rule_by_another_id_is_refused(monkeypatch: pytest.MonkeyPatch):
    pack = importlib.import_module("policies.packs.workloads").PACK
    monkeypatch.setitem(pack.rules, "POD-099", pack.rules["POD-001"])
    with pytest.raises(InputError, match="calls workloads/require_cpu_requests 'POD-099', but the rule says 'POD-001'"):
        load_packs()


def test_a_rule_over_a_type_is_asked_about_that_type_only():
    other = Resource("urn:2", "aws:s3/object:Object", "o", {"public": True})
    [finding] = PACKED.check_resource(BUCKET, stack="prod")
    assert (finding.rule, finding.urn, finding.address, finding.remedy) == (
        "TEST-002",
        "urn:1",
        "Bucket logs",
        "Set public to false.",
    )
    assert PACKED.check_resource(other, stack="prod") == []


def test_only_rules_that_could_concern_a_type_are_asked_about_it():
    assert disallow_public.may_concern("aws:s3/bucket:Bucket")
    assert not disallow_public.may_concern("aws:s3/object:Object")
    assert not require_bucket.may_concern("aws:s3/bucket:Bucket")


def test_packs_say_whether_they_need_the_whole_stack():
    assert PACKED.needs_stack
    assert not Packs(PACKED.packs, {"TEST-002": disallow_public}).needs_stack


def test_a_rule_over_the_stack_is_asked_once_and_may_name_the_offender():
    findings = PACKED.check_stack([BUCKET], stack="dev")
    assert [(finding.urn, finding.level) for finding in findings] == [("urn:1", Level.ADVISORY)]
    [empty] = PACKED.check_stack([], stack="prod")
    assert (empty.urn, empty.message, empty.level) == ("", "the stack prod has no bucket", Level.MANDATORY)


def test_a_stack_rule_that_meets_an_unknown_value_says_so():
    [finding] = PACKED.check_stack([Resource("urn:1", "t", "n", {"public": UNKNOWN})], stack="prod")
    assert finding.unknown
    assert finding.message.startswith("UNKNOWN: public is not known yet")
