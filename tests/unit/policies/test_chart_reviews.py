"""What a chart of others may break: its own objects, for the rules and the version that were reviewed, nothing else."""

from pathlib import Path
from typing import Any

import pytest

from policies.chart_reviews import OUTDATED, load_reviews
from policies.errors import InputError
from policies.exceptions import UNUSED
from policies.model import Finding, Resource
from policies.runtime import Packs, load_packs

PARENT = "urn:pulumi:prod::platform::platform:foundation:OperatorChart$kubernetes:helm.sh/v4:Chart$"
ROLE_TYPE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
READS_SECRETS = {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]}
REVIEW = """
charts:
  keys:
    version: 1.2.3
    owner: platform-engineering
    accepted:
      - {rules: [RBAC-003], objects: [ClusterRole/keys-*], reason: it keeps keys in Secrets}
"""


def role(name: str = "keys-reader", *, urn: str = f"{PARENT}{ROLE_TYPE}::keys:keys-reader") -> Resource:
    return Resource(urn, ROLE_TYPE, name, {"metadata": {"name": name}, **READS_SECRETS})


def reviewed(folder: Path, text: str = REVIEW, installed: str = "1.2.3") -> Packs:
    (folder / "reviews.yaml").write_text(text)
    (folder / "charts.yaml").write_text(f"charts: {{keys: {{version: {installed}}}}}")
    packs = load_packs(["workloads"])
    return Packs(
        packs.packs, packs.rules, reviews=load_reviews(packs.rules, folder / "reviews.yaml", folder / "charts.yaml")
    )


def ids(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


def test_what_was_reviewed_is_accepted_of_the_charts_own_objects(tmp_path: Path):
    packs = reviewed(tmp_path)
    assert ids(packs.check_resource(role(), stack="prod")) == []
    assert ids(packs.check_stack([role()], stack="prod")) == []


@pytest.mark.parametrize(
    "urn",
    [
        f"urn:pulumi:prod::platform::{ROLE_TYPE}::keys:keys-reader",
        f"{PARENT}{ROLE_TYPE}::others:keys-reader",
        f"{PARENT}{ROLE_TYPE}::keys:admin",
    ],
    ids=["not made by a chart", "made by another chart", "another object of the chart"],
)
def test_nothing_else_is_accepted(tmp_path: Path, urn: str):
    assert ids(reviewed(tmp_path).check_resource(role(urn=urn), stack="prod")) == ["RBAC-003"]


def test_another_rule_is_not_accepted(tmp_path: Path):
    wide = Resource(
        role().urn, ROLE_TYPE, "keys-reader", {"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}
    )
    assert "RBAC-001" in ids(reviewed(tmp_path).check_resource(wide, stack="prod"))


def test_a_namespaced_object_is_known_by_its_name_alone(tmp_path: Path):
    packs = reviewed(tmp_path, REVIEW.replace("ClusterRole", "Role"))
    token = ROLE_TYPE.replace("ClusterRole", "Role")
    urn = f"{PARENT}{token}::keys:platform/keys-reader"
    assert ids(packs.check_resource(Resource(urn, token, "keys", READS_SECRETS), stack="prod")) == []


def test_a_review_of_another_version_holds_no_longer_and_says_so(tmp_path: Path):
    packs = reviewed(tmp_path, installed="1.3.0")
    assert ids(packs.check_resource(role(), stack="prod")) == ["RBAC-003"]
    [finding] = packs.check_stack([role()], stack="prod")
    assert finding.rule == OUTDATED
    assert "is of 1.2.3, and 1.3.0 is installed" in finding.message


def test_what_is_accepted_for_nothing_is_a_finding_where_the_chart_is_installed(tmp_path: Path):
    packs = reviewed(tmp_path)
    harmless = Resource(role().urn, ROLE_TYPE, "keys-reader", {"rules": []})
    [finding] = packs.check_stack([harmless], stack="prod")
    assert finding.rule == UNUSED
    assert "keys accepts RBAC-003 for nothing" in finding.message
    assert packs.check_stack([role(urn="urn:pulumi:prod::platform::a:b:C::x")], stack="prod") == []


def test_the_committed_reviews_are_of_the_versions_in_the_catalog():
    reviews = load_packs().reviews.reviews
    assert {name for name, review in reviews.items() if not review.holds} == set()
    assert reviews


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"RBAC-003": "RBAC-999"}, r"accepted\[0\]\.rules: 'RBAC-999' is no rule"),
        (
            {"ClusterRole/keys-*": "ClusterRole/*"},
            r"accepted\[0\]\.objects: 'ClusterRole/\*' must name a kind and a name",
        ),
        ({"it keeps keys in Secrets": '" "'}, r"accepted\[0\]\.reason: is ' ' and must be text"),
        ({"[RBAC-003]": "RBAC-003"}, r"accepted\[0\]\.rules: must be a list"),
        ({"owner": "team"}, r"charts\.keys: must have exactly the keys version, owner, accepted"),
        ({"reason": "why"}, r"accepted\[0\]: must have exactly the keys objects, reason, rules"),
        ({"accepted:\n      - ": "accepted: "}, r"charts\.keys\.accepted: must be a list"),
        ({"charts:": "chart:"}, r"charts: must be a mapping"),
        ({"charts:": "charts: ["}, r"is not YAML"),
    ],
)
def test_a_review_that_cannot_be_used_is_refused_by_file_and_place(tmp_path: Path, change: dict[str, Any], match: str):
    text = REVIEW
    for old, new in change.items():
        text = text.replace(old, new)
    with pytest.raises(InputError, match=match):
        reviewed(tmp_path, text)


def test_a_file_of_reviews_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read: No such file"):
        load_reviews([], tmp_path / "none.yaml")
