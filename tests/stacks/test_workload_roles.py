"""The roles that the program gives on AWS, stack by stack, decided by the evaluator of IAM policies."""

from __future__ import annotations

import json
from functools import cache

import pytest

from tests.support.iam_evaluator import Request, allows
from tests.support.pulumi_mocks import EMULATOR, Registered, Rendered, configuration, run_program

# Importing any class of the AWS SDK builds its deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/policy:Policy"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"


@cache
def program(stack: str) -> Rendered:
    return run_program(stack)


def of_tenants(stack: str, type: str) -> dict[str, Registered]:
    found = [one for one in program(stack).of_type(type) if one.parent_type.endswith(":WorkloadIdentity")]
    return {one.name.removeprefix("tenant-").partition("-identity-")[0]: one for one in found}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_each_tenant_has_a_role_under_the_boundary_that_its_accounts_pods_can_take(stack: str):
    tenants = set(configuration(stack)["tenants"])
    roles, associations = of_tenants(stack, ROLE), of_tenants(stack, ASSOCIATION)
    assert set(roles) == set(associations) == tenants
    for tenant, role in roles.items():
        assert role.inputs["permissionsBoundary"] == "arn:aws:mock:::boundary-policy"
        trust = json.loads(role.inputs["assumeRolePolicy"])["Statement"][0]["Condition"]["StringEquals"]
        bound = associations[tenant].inputs
        assert trust["aws:RequestTag/kubernetes-namespace"] == [bound["namespace"]] == [f"tenant-{tenant}"]
        assert trust["aws:RequestTag/kubernetes-service-account"] == [bound["serviceAccount"]]
        assert trust["aws:RequestTag/eks-cluster-arn"][0].endswith(f":cluster/{bound['clusterName']}")


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_each_tenant_reaches_its_part_of_the_lakehouse_and_no_other_tenants(stack: str):
    bucket = program(stack).named("object-store-bucket").inputs["bucket"]
    boundary = program(stack).named("boundary-policy").inputs["policy"]
    account = {"aws:ResourceAccount": bucket.rpartition("-")[2]}
    policies = {tenant: policy.inputs["policy"] for tenant, policy in of_tenants(stack, POLICY).items()}
    for owner in policies:
        for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
            request = Request(action, f"arn:aws:s3:::{bucket}/tenants/{owner}/x", account)
            assert [name for name, policy in policies.items() if allows(request, policy, boundary=boundary)] == [owner]


def test_a_stack_whose_cluster_is_not_its_own_gives_no_roles():
    rendered = run_program("local", aws=EMULATOR)
    assert rendered.of_type(ROLE) == []
    assert rendered.of_type(ASSOCIATION) == []
