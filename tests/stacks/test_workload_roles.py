"""The roles that the program gives on AWS, stack by stack, decided by the evaluator of IAM policies."""

from __future__ import annotations

import json

import pytest

from tests.support.iam_evaluator import Request, allows
from tests.support.pulumi_mocks import Registered, configuration
from tests.support.renders import rendered

# Importing any class of the AWS SDK builds its deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/policy:Policy"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"


def of_tenants(stack: str, type: str) -> dict[str, Registered]:
    roles = [one for one in rendered(stack).of_type(type) if one.parent_type.endswith(":WorkloadIdentity")]
    found = [one for one in roles if one.name.startswith("tenant-")]
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
    bucket = rendered(stack).named("object-store-bucket").inputs["bucket"]
    boundary = rendered(stack).named("boundary-policy").inputs["policy"]
    account = {"aws:ResourceAccount": bucket.rpartition("-")[2]}
    policies = {tenant: policy.inputs["policy"] for tenant, policy in of_tenants(stack, POLICY).items()}
    for owner in policies:
        for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
            request = Request(action, f"arn:aws:s3:::{bucket}/tenants/{owner}/x", account)
            assert [name for name, policy in policies.items() if allows(request, policy, boundary=boundary)] == [owner]


def test_a_stack_whose_cluster_is_not_its_own_gives_no_roles():
    found = rendered("local")
    assert found.of_type(ROLE) == []
    assert found.of_type(ASSOCIATION) == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_pods_that_can_take_a_role_get_its_credentials_and_reach_the_bucket_and_others_get_neither(stack: str):
    bucket = rendered(stack).named("object-store-bucket").inputs["bucket"]
    policies = [one.inputs for one in rendered(stack).kubernetes() if one.inputs.get("kind") == "NetworkPolicy"]
    for tenant, association in of_tenants(stack, ASSOCIATION).items():
        user = association.inputs["serviceAccount"].removeprefix("kafka-")
        opened = {
            block["ipBlock"]["cidr"]: port["port"]
            for policy in policies
            if policy["metadata"]["namespace"] == f"tenant-{tenant}"
            for rule in policy["spec"].get("egress", ())
            for block in rule.get("to", ())
            for port in rule["ports"]
            if "ipBlock" in block and policy["spec"]["podSelector"] == {"matchLabels": {"platform/kafka-user": user}}
        }
        agent = {"169.254.170.23/32": 80, "fd00:ec2::23/128": 80}
        public = {"0.0.0.0/0": 443, "::/0": 443}
        private = {f"10.20.{block}.0/24": 443 for block in (248, 249, 250)}
        assert opened == agent | (private if stack == "prod" else public)
    entries = [one.inputs for one in rendered(stack).kubernetes() if one.inputs.get("kind") == "ServiceEntry"]
    hosts = {host for entry in entries for host in entry["spec"]["hosts"] if "lakehouse" in host}
    assert hosts == {f"{bucket}.s3.us-east-1.amazonaws.com"}
