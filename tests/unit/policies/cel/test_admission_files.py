from pathlib import Path

import pytest
import yaml

import policies
from policies.cel.admission import NAMESPACES_WITH, OPERATORS, admission_manifests
from policies.cel.expressions import judgement_of, quoted
from policies.cel.files import admission_files, write_admission_files
from policies.errors import InputError
from policies.exceptions import ExceptionEntry, Exceptions, today
from policies.model import Severity
from policies.pack import Pack
from policies.pods import EveryContainer
from policies.rule import Rule, Types, WholeStack
from policies.runtime import Packs, load_packs

COMMITTED = Path(policies.__file__).parents[1] / "infra" / "catalog" / "admission"


@pytest.fixture(scope="module")
def packs() -> Packs:
    return load_packs()


def _rule(monkeypatch: pytest.MonkeyPatch, picks: object, cel: str = "true", **attributes: object) -> Rule:
    monkeypatch.setattr(Rule, "cel", property(lambda self: cel))
    text = dict.fromkeys(("title", "rationale", "remediation"), "x")
    known = {"topics": (), "frameworks": (), "severity": Severity.LOW, "check": list, **text, **attributes}
    return Rule(id="TEST-001", applies_to=picks, **known)


def test_the_committed_files_are_what_the_rules_say(packs: Packs):
    committed = {file.name: file.read_text("utf-8") for file in COMMITTED.glob("*.yaml")}
    assert committed == admission_files(packs), "run `policies admission --out infra/catalog/admission`"


def test_every_rule_with_cel_is_one_validation_with_its_id_and_what_to_do(packs: Packs):
    found: dict[str, str] = {}
    for manifests in admission_manifests(packs).values():
        for validation in manifests[0]["spec"].get("validations", ()):
            found[validation["message"].partition(" ")[0]] = validation["message"]
    rules = {id_: rule for id_, rule in packs.rules.items() if rule.cel is not None}
    assert set(found) == set(rules)
    assert len(rules) >= 40
    assert all(rule.remediation in found[id_] for id_, rule in rules.items())


def test_local_and_prod_deny_and_dev_warns_but_for_what_is_mandatory_everywhere(packs: Packs):
    files = admission_manifests(packs)
    for environment in ("local", "prod"):
        assert all(it["spec"]["validationActions"] == ["Deny", "Audit"] for it in files[f"bindings-{environment}"])
    for binding in files["bindings-dev"]:
        everywhere = binding["metadata"]["name"].endswith("-everywhere")
        assert binding["spec"]["validationActions"] == (["Deny", "Audit"] if everywhere else ["Warn"])


def test_bindings_leave_the_clusters_and_the_operators_namespaces_alone(packs: Packs):
    for binding in admission_manifests(packs)["bindings-prod"]:
        expressions = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
        assert {"key": NAMESPACES_WITH, "operator": "Exists"} in expressions
        assert {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [OPERATORS]} in expressions


def test_only_objects_in_namespaces_are_judged(packs: Packs):
    for name, manifests in admission_manifests(packs).items():
        if not name.startswith("bindings-"):
            rules = manifests[0]["spec"]["matchConstraints"]["resourceRules"]
            assert {rule["scope"] for rule in rules} == {"Namespaced"}


def test_a_rule_over_a_kind_is_asked_about_that_kind_alone(monkeypatch: pytest.MonkeyPatch):
    token = "kubernetes:core/v1:Service"
    judgement = judgement_of(_rule(monkeypatch, Types(frozenset({token, "kubernetes:x/v1:Other"})), "object.a"))
    assert judgement
    assert [kind.token for kind in judgement.kinds] == [token]
    assert judgement.offenders.startswith("!(object.kind in ['Service']) ? [] : (")


@pytest.mark.parametrize(
    ("picks", "message"),
    [
        (WholeStack(), r"TEST-001: .* asks about the whole stack, which is not in one object"),
        (Types(frozenset({"aws:s3/bucket:Bucket"})), r"TEST-001: .* of aws:s3/bucket:Bucket none is judged"),
    ],
)
def test_a_rule_that_one_object_cannot_show_may_carry_no_cel(
    monkeypatch: pytest.MonkeyPatch, picks: object, message: str
):
    with pytest.raises(InputError, match=message):
        judgement_of(_rule(monkeypatch, picks))


def test_an_exception_stands_before_its_rule_and_no_other(monkeypatch: pytest.MonkeyPatch):
    rule = _rule(monkeypatch, EveryContainer(), "container.a")
    entry = ExceptionEntry("TEST-001", "urn:*::*:Pod::x", "why", "who", today(), "agents/agent")
    for entries, excused in (((entry,), True), ((ExceptionEntry("TEST-002", *("x",) * 3, today(), "a/b"),), False)):
        packs = Packs((Pack("test", "", {"TEST-001": "x/y"}),), {"TEST-001": rule}, Exceptions(entries))
        [policy] = admission_manifests(packs)["platform-test"]
        variables = {it["name"]: it["expression"] for it in policy["spec"]["variables"]}
        assert ("object.metadata.namespace == 'agents'" in variables["test_001"]) is excused


def test_a_text_with_quotes_is_a_cel_literal():
    assert quoted("it's a \\ and\nmore") == "'it\\'s a \\\\ and\\nmore'"


def test_writing_says_what_changed_and_removes_only_what_it_wrote(tmp_path: Path):
    packs = load_packs(["quotas"])
    everything = write_admission_files(packs, tmp_path / "out")
    assert everything == sorted(admission_files(packs))
    assert write_admission_files(packs, tmp_path / "out") == []
    old, foreign = tmp_path / "out" / "platform-old.yaml", tmp_path / "out" / "mine.yaml"
    old.write_text((tmp_path / "out" / everything[0]).read_text())
    foreign.write_text("kind: Mine\n")
    assert write_admission_files(packs, tmp_path / "out") == ["platform-old.yaml"]
    assert foreign.exists()
    for name in everything:
        assert all(yaml.load_all((tmp_path / "out" / name).read_text(), Loader=yaml.CSafeLoader))


def test_a_folder_that_cannot_be_written_is_named(packs: Packs, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/deep: cannot be written: Not a directory"):
        write_admission_files(packs, tmp_path / "file" / "deep")
