from datetime import date
from pathlib import Path

import pytest

from policies.errors import InputError
from policies.exceptions import EXPIRED, UNUSED, load_exceptions
from policies.model import Finding, Level, Resource
from policies.runtime import Packs, load_packs
from tests.support.policy_examples import resource_from

DAY = date(2026, 6, 1)
KNOWN = ("POD-008", "POD-010")
ENTRY = """
  - rule: POD-008
    urn: "urn:pulumi:*::*::kubernetes:core/v1:Pod::node-agent"
    reason: the vendor publishes no tags
    owner: platform
    expires: 2026-06-30
"""
AGENT = resource_from(
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "node-agent"},
        "spec": {"containers": [{"name": "a", "image": "agent"}]},
    }
)


def _packs(tmp_path: Path, entries: str) -> Packs:
    file = tmp_path / "exceptions.yaml"
    file.write_text(f"exceptions:{entries}")
    return load_packs(exceptions=file)


def _judged(packs: Packs, resource: Resource, *, stack: str, day: date) -> list[Finding]:
    """What is found about the exceptions themselves."""
    return [it for it in packs.check_stack([resource], stack=stack, day=day) if it.rule.startswith("EXC-")]


def test_an_exception_excuses_its_rule_for_its_resource_and_nothing_else(tmp_path: Path):
    packs = _packs(tmp_path, ENTRY)
    rules = {finding.rule for finding in packs.check_resource(AGENT, stack="prod", day=DAY)}
    assert rules == {finding.rule for finding in load_packs().check_resource(AGENT, stack="prod")} - {"POD-008"}
    assert _judged(packs, AGENT, stack="prod", day=DAY) == []


def test_an_exception_holds_on_its_last_day_and_not_on_the_next(tmp_path: Path):
    packs = _packs(tmp_path, ENTRY)
    last, after = date(2026, 6, 30), date(2026, 7, 1)
    assert "POD-008" not in {finding.rule for finding in packs.check_resource(AGENT, stack="prod", day=last)}
    assert "POD-008" in {finding.rule for finding in packs.check_resource(AGENT, stack="prod", day=after)}


def test_an_expired_exception_is_a_mandatory_finding_even_in_dev(tmp_path: Path):
    [finding] = _judged(_packs(tmp_path, ENTRY), AGENT, stack="dev", day=date(2026, 7, 1))
    assert (finding.rule, finding.level) == (EXPIRED, Level.MANDATORY)
    assert "expired on 2026-06-30" in finding.message


def test_an_exception_that_excuses_nothing_is_a_mandatory_finding(tmp_path: Path):
    good = resource_from({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "node-agent"}})
    [finding] = _judged(_packs(tmp_path, ENTRY), good, stack="prod", day=DAY)
    assert (finding.rule, finding.level) == (UNUSED, Level.MANDATORY)


def test_an_exception_of_a_rule_that_is_not_loaded_is_not_judged(tmp_path: Path):
    packs = _packs(tmp_path, ENTRY)
    without = Packs(packs.packs, {"POD-010": packs.rules["POD-010"]}, packs.exceptions)
    assert without.check_stack([], stack="prod", day=DAY) == []


def test_the_platform_has_no_exceptions_today():
    assert load_packs().exceptions.entries == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "must hold one key 'exceptions' with a list"),
        ("exceptions: {}", "must hold one key 'exceptions' with a list"),
        ("exceptions: [", "is not YAML"),
        ("exceptions: [1]", r"exceptions\[0\]: must have exactly the keys rule, urn, reason, owner, expires"),
        (f"exceptions:{ENTRY}    object: agent", r"exceptions\[0\]\.object: is 'agent' and must be namespace/name"),
        (f"exceptions:{ENTRY}    object: 7", r"exceptions\[0\]\.object: is 7 and must be text"),
        (f"exceptions:{ENTRY}    extra: 1", r"exceptions\[0\]: must have exactly the keys"),
        (f"exceptions:{ENTRY}".replace("POD-008", "POD-999"), r"exceptions\[0\]\.rule: 'POD-999' is no rule"),
        (f"exceptions:{ENTRY}".replace("platform", '" "'), r"exceptions\[0\]\.owner: is ' ' and must be text"),
        (f"exceptions:{ENTRY}".replace("2026-06-30", "soon"), r"exceptions\[0\]\.expires: is 'soon' and must be a day"),
        (f"exceptions:{ENTRY}".replace("2026-06-30", "2026-06-30T10:00:00Z"), r"\.expires: .* must be a day"),
        (f"exceptions:{ENTRY}".replace("::node-agent", "::*"), r"\.urn: .* must name a type and a name"),
        (
            f"exceptions:{ENTRY}".replace("urn:pulumi:*::*::kubernetes:core/v1:Pod::node-agent", "*"),
            r"\.urn: '\*' must",
        ),
        (f"exceptions:{ENTRY * 6}", "has 6 exceptions, and at most 5 are allowed"),
        ("exceptions:\n  - expires: 2026-13-45", "is not YAML"),
    ],
)
def test_an_exceptions_file_that_cannot_be_used_is_refused_by_file_and_field(tmp_path: Path, text: str, message: str):
    file = tmp_path / "exceptions.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as refused:
        load_exceptions(KNOWN, file)
    assert str(refused.value).startswith(str(file))


def test_an_exception_may_name_the_object_that_admission_sees(tmp_path: Path):
    [entry] = _packs(tmp_path, f"{ENTRY}    object: agents/node-agent").exceptions.entries
    assert entry.object == "agents/node-agent"


def test_an_exceptions_file_that_is_missing_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read: No such file"):
        load_exceptions(KNOWN, tmp_path / "none.yaml")
