"""Who gets a role on AWS, what it is called, and when it is refused."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from infra.components.foundation.object_store_layout import bucket_policy
from infra.components.foundation.workload_identity_layout import (
    BoundaryArgs,
    WorkloadIdentityArgs,
    check_identity,
    tenant_identities,
)
from infra.core.errors import ConfigurationError
from infra.core.iam import AwsPlace, BucketPrefix, SecretRead
from tests.support.iam_evaluator import Request, allows, decide

PLACE = AwsPlace(account_id="444455556666", region="us-east-1")
BUCKET = "analytics-platform-prod-lakehouse-444455556666"
KEYS = {"lakehouse": "arn:aws:kms:us-east-1:444455556666:key/1"}


def identities(**accounts: tuple[str, ...]) -> list[WorkloadIdentityArgs]:
    return list(tenant_identities(accounts, BUCKET, "main", PLACE, "prod"))


def identity(**changes: object) -> WorkloadIdentityArgs:
    grant = BucketPrefix(bucket=BUCKET, prefix="a/", access=("read",))
    facts = {
        "workload": "reports",
        "environment": "prod",
        "place": PLACE,
        "cluster": "main",
        "namespace": "analytics",
        "accounts": ("reports",),
        "grants": (grant,),
        "declared_in": "reports.yaml",
    }
    return WorkloadIdentityArgs.model_validate(facts | changes)


def test_each_tenant_has_a_role_of_its_own_in_the_order_of_names():
    second, first = ("kafka-two",), ("kafka-one", "kafka-audit")
    found = identities(two=second, one=first)
    begin = "analytics-platform-prod-us-east-1-tenant"
    assert [args.role for args in found] == [f"{begin}-one", f"{begin}-two"]
    assert [args.accounts for args in found] == [("kafka-audit", "kafka-one"), ("kafka-two",)]
    assert [args.namespace for args in found] == ["tenant-one", "tenant-two"]


def test_a_tenant_without_a_service_account_gets_no_role_that_nobody_could_take():
    assert identities(idle=()) == []


def test_a_tenants_role_reaches_its_prefix_and_not_that_of_a_tenant_whose_name_begins_alike():
    one, alike = (args.policy(KEYS) for args in identities(desk=("a",), **{"desk-two": ("b",)}))
    for policy, own, other in ((one, "desk", "desk-two"), (alike, "desk-two", "desk")):
        for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
            assert allows(Request(action, f"arn:aws:s3:::{BUCKET}/tenants/{own}/x"), policy)
            assert not allows(Request(action, f"arn:aws:s3:::{BUCKET}/tenants/{other}/x"), policy)


def test_a_long_name_of_a_role_is_cut_and_stays_different():
    names = {identity(workload="w" * 60 + tail).role for tail in ("a", "b")}
    assert len(names) == 2
    assert all(len(name) <= 64 for name in names)


def test_a_role_whose_policy_iam_would_not_take_is_refused_before_any_key_exists():
    many = tuple(SecretRead(name=f"analytics-platform/prod/reports/{n}-{'x' * 60}", key="lakehouse") for n in range(50))
    with pytest.raises(ConfigurationError, match=r"reports\.yaml: reports\.uses is .* characters of policy"):
        check_identity(identity(grants=many))


def test_a_role_that_too_many_accounts_share_is_refused():
    with pytest.raises(ConfigurationError, match=r"reports\.yaml: analytics is .* Let fewer ServiceAccounts share"):
        check_identity(identity(accounts=tuple(f"account-{n:050d}" for n in range(50))))


@pytest.mark.parametrize("change", [{"accounts": ()}, {"grants": ()}, {"cluster": "main/*"}, {"cluster": ""}])
def test_a_role_for_nobody_or_nothing_is_refused(change: dict[str, object]):
    with pytest.raises(ValidationError):
        identity(**change)


def test_the_boundary_of_an_environment_is_not_that_of_another():
    prod, dev = (BoundaryArgs(place=PLACE, environment=environment) for environment in ("prod", "dev"))
    assert prod.name == "analytics-platform-prod-us-east-1-boundary"
    assert dev.name == "analytics-platform-dev-us-east-1-boundary"
    assert "analytics-platform-dev-" not in prod.document()
    assert json.loads(prod.document())["Statement"][-1]["Effect"] == "Deny"


@pytest.mark.parametrize(
    ("context", "decision"),
    [
        ({"aws:SecureTransport": "true"}, "allowed"),
        ({"aws:SecureTransport": "false"}, "explicitly denied"),
        ({"s3:x-amz-server-side-encryption-aws-kms-key-id": KEYS["lakehouse"]}, "allowed"),
        ({"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:us-east-1:999:key/x"}, "explicitly denied"),
    ],
)
def test_the_buckets_own_policy_still_holds_for_a_tenant(context: dict[str, str], decision: str):
    (args,) = identities(desk=("a",))
    boundary = BoundaryArgs(place=PLACE, environment="prod").document()
    request = Request(
        "s3:PutObject", f"arn:aws:s3:::{BUCKET}/tenants/desk/x", {"aws:ResourceAccount": "444455556666"} | context
    )
    bucket = bucket_policy(BUCKET, KEYS["lakehouse"])
    assert decide(request, [args.policy(KEYS)], boundary=boundary, on_resource=[bucket]) == decision
