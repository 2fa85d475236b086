import pytest

from policies.model import Level, Resource
from policies.runtime import PACKS, load_packs
from tests.support.policy_examples import RULES, Example, examples, findings_of, mutated, placed

PACK_RULES = load_packs()
BY_FOLDER = {folder: id_ for pack in PACK_RULES.packs for id_, folder in pack.rules.items()}
GOOD, BAD = examples("good-"), examples("bad-")


def _found(example: Example, resources: list[Resource]) -> list[tuple[str, str]]:
    rule = PACK_RULES.rules[BY_FOLDER[example.rule_folder]]
    findings = findings_of(rule, resources)
    assert not any(finding.unknown for finding in findings)
    assert all(finding.level is Level.MANDATORY for finding in findings)
    return placed(findings, resources)


def test_every_rule_folder_is_in_a_pack_and_every_pack_has_a_folder():
    folders = {file.parent.relative_to(RULES).as_posix() for file in RULES.glob("*/*/rule.py")}
    assert folders == set(BY_FOLDER)
    assert {file.parent.name for file in (RULES.parent / "packs").glob("*/PulumiPolicy.yaml")} == set(PACKS)


@pytest.mark.parametrize("folder", sorted(BY_FOLDER))
def test_every_rule_has_a_good_and_two_bad_examples(folder: str):
    assert any(example.rule_folder == folder and example.mutations for example in GOOD)
    assert sum(example.rule_folder == folder for example in BAD) >= 2


@pytest.mark.parametrize("example", GOOD, ids=lambda example: example.label)
def test_a_good_example_passes_its_rule(example: Example):
    assert _found(example, example.resources()) == []


@pytest.mark.parametrize("example", GOOD, ids=lambda example: example.label)
def test_a_good_example_says_what_would_break_it(example: Example):
    assert bool(example.mutations) != bool(example.exempt)


@pytest.mark.parametrize("example", BAD, ids=lambda example: example.label)
def test_a_bad_example_gives_exactly_the_findings_that_it_names(example: Example):
    assert example.finds
    assert sorted(_found(example, example.resources())) == sorted(example.finds)


@pytest.mark.parametrize(
    ("example", "mutation"),
    [pytest.param(example, text, id=f"{example.label} {text}") for example in GOOD for text in example.mutations],
)
def test_a_good_example_without_what_the_rule_guards_is_found(example: Example, mutation: str):
    rule = BY_FOLDER[example.rule_folder]
    findings = findings_of(PACK_RULES.rules[rule], mutated(example, mutation))
    assert rule in {finding.rule for finding in findings if not finding.unknown}
