from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.deploy.check import Check
from sandbox.deploy.cloud import permissions
from sandbox.deploy.cloud.checks import bucket_faults, cluster_checks, state_checks, tool_checks
from sandbox.deploy.cloud.failures import Refusal
from sandbox.deploy.cloud.permissions import permission_check
from sandbox.deploy.cloud.place import CloudPlace
from sandbox.deploy.cloud.preflight import require
from sandbox.errors import SandboxError
from tests.support.fake_aws import DENIED, MISSING, FakeAws

ROLE = "arn:aws:iam::111122223333:role/team/deployer"
SESSION = "arn:aws:sts::111122223333:assumed-role/deployer/ann"


def place(**changes: Any) -> CloudPlace:
    given = {"stack": "prod", "file": "Pulumi.prod.yaml", "account": "111122223333", "region": "us-east-1"}
    return CloudPlace(**{"project": "shop", "cluster": "eks", **given, **changes})


def only(checks: Any, name: str) -> Check:
    [found] = [check for check in checks if check.name == name]
    return found


def test_missing_programs_are_named_with_where_they_are_found() -> None:
    found = list(tool_checks(place(), lambda _: None))
    assert [(check.name, check.missing) for check in found] == [("Pulumi CLI", True), ("AWS command line", True)]
    assert [check.name for check in tool_checks(place(cluster="kubeconfig"), lambda _: "x")] == ["Pulumi CLI"]


def test_a_backend_of_the_environment_is_taken_as_it_is() -> None:
    aws = FakeAws({})
    found = only(state_checks(place(backend="file:///x"), aws), "state backend")
    assert found.found == "file:///x: PULUMI_BACKEND_URL counts, and not the bucket shop-prod-state-111122223333"
    assert aws.asked == []


def test_a_stack_without_a_secrets_provider_would_be_encrypted_by_a_passphrase_and_is_refused() -> None:
    found = only(state_checks(place(backend="x"), FakeAws({})), "secrets provider")
    assert found.missing
    assert found.fix.endswith("secretsprovider: awskms://alias/shop-prod-state?region=us-east-1")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ({"KeyState": "PendingDeletion", "AWSAccountId": "111122223333"}, "the key is PendingDeletion"),
        ({"KeyState": "Enabled", "AWSAccountId": "999999999999"}, "the key is of account 999999999999"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused(key: dict[str, str], words: str) -> None:
    where = place(backend="x", secrets_provider="awskms://alias/mine?region=us-east-1")
    aws = FakeAws({"describe_key": {"KeyMetadata": key}})
    found = only(state_checks(where, aws), "secrets provider")
    assert found.missing
    assert words in found.found
    assert aws.asked == [("describe_key", {"KeyId": "alias/mine"})]


def test_a_stack_that_was_not_initialised_is_refused() -> None:
    where = place(backend="x", secrets_provider="awskms://alias/mine?region=us-east-1")
    found = list(state_checks(where, FakeAws({"describe_key": {"KeyMetadata": {"KeyState": "Enabled"}}})))
    assert "pulumi stack init prod --secrets-provider" in only(found, "stack initialised").fix


def test_everything_that_a_state_bucket_lacks_is_named() -> None:
    answers: dict[str, Any] = {
        "get_bucket_versioning": {},
        "get_bucket_encryption": DENIED,
        "get_public_access_block": {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
        "get_bucket_policy": MISSING,
    }
    assert list(bucket_faults(place(), FakeAws(answers))) == [
        "not versioned",
        "it is refused",
        "public access is not blocked",
        "requests without TLS are not refused",
    ]


@pytest.mark.parametrize(
    ("arn", "status", "right"),
    [
        ("arn:aws:eks:us-east-1:111122223333:cluster/main", "ACTIVE", True),
        ("arn:aws:eks:us-east-1:111122223333:cluster/main", "FAILED", False),
        ("arn:aws:eks:us-east-1:999999999999:cluster/main", "ACTIVE", False),
        ("arn:aws:eks:eu-west-1:111122223333:cluster/main", "ACTIVE", False),
    ],
)
def test_only_the_pinned_accounts_and_regions_cluster_will_do(arn: str, status: str, right: bool) -> None:
    aws = FakeAws({"describe_cluster": {"cluster": {"arn": arn, "status": status}}})
    assert only(cluster_checks(place(), aws, ("main",)), "cluster").ok is right


def test_a_cluster_whose_api_cannot_be_reached_is_refused_before_half_of_a_deployment() -> None:
    arn = "arn:aws:eks:us-east-1:111122223333:cluster/main"
    cluster = {"arn": arn, "status": "ACTIVE", "endpoint": "https://api"}
    found = list(
        cluster_checks(place(), FakeAws({"describe_cluster": {"cluster": cluster}}), ("main",), lambda _: False)
    )
    assert "eks.publicAccess" in only(found, "cluster's API").fix


def test_a_context_that_the_kubeconfig_does_not_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clusters = [{"name": "c", "cluster": {"server": "https://c"}}]
    contexts = [{"name": "office", "context": {"cluster": "c"}}]
    (tmp_path / "config").write_text(yaml.safe_dump({"clusters": clusters, "contexts": contexts}))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    for context, right in (("office", True), ("prod", False)):
        where = place(cluster="kubeconfig", context=context)
        found = only(cluster_checks(where, FakeAws({}), ()), "cluster")
        assert found.ok is right
    assert "name one of office as cluster.context" in found.fix


@pytest.mark.parametrize(
    ("decisions", "ok", "missing"),
    [
        ({}, True, False),
        ({"x:Createa": "implicitDeny"}, False, False),
        ({"x:Createa": "explicitDeny"}, False, True),
        ({"x:Createa": "implicitDeny", "x:Createb": "implicitDeny"}, False, True),
    ],
)
def test_iam_is_asked_about_each_action_that_creates_what_is_declared(
    monkeypatch: pytest.MonkeyPatch, decisions: dict[str, str], ok: bool, missing: bool
) -> None:
    monkeypatch.setattr(permissions, "creating", lambda types: [f"x:Create{name}" for name in sorted(types)])
    names = ("x:Createa", "x:Createb")
    results = [{"EvalActionName": name, "EvalDecision": decisions.get(name, "allowed")} for name in names]
    answers: dict[str, Any] = {
        "get_role": {"Role": {"Arn": ROLE}},
        "simulate_principal_policy": {"EvaluationResults": results},
    }
    aws = FakeAws(answers)
    found = permission_check(aws, SESSION, {"a", "b"})
    assert (found.ok, found.missing) == (ok, missing)
    assert ok or found.found.startswith(f"{ROLE} may not, for all resources: x:Createa")
    assert aws.asked[-1][1] == {"PolicySourceArn": ROLE, "ActionNames": list(names)}


def test_who_may_not_ask_iam_is_told_so_and_not_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "creating", lambda _: ["x:Create"])
    found = permission_check(FakeAws({"get_role": DENIED}), SESSION, {"a"})
    assert (found.ok, found.needed) == (False, False)
    root = permission_check(FakeAws({}), "arn:aws:iam::111122223333:root", {"a"})
    assert root.found.endswith("it is no role or user")


def test_all_that_stands_in_the_way_is_told_at_once() -> None:
    checks = [
        Check("a", True, "fine"),
        Check("b", False, "gone", "make it"),
        Check("c", False, "odd", "", needed=False),
        Check("d", False, "wrong", "mend it"),
    ]
    with pytest.raises(SandboxError) as caught:
        require(checks, "prod")
    assert str(caught.value).splitlines() == [
        "2 things stand in the way of prod; nothing was changed:",
        "  b: gone. To fix it: make it.",
        "  d: wrong. To fix it: mend it.",
    ]
    assert len(require(checks[:1], "prod")) == 1


def test_a_refusal_says_what_and_how_to_go_on() -> None:
    assert str(Refusal("denied", "no", "ask")) == "no; ask"
