"""The network and the cluster as the program registers them for dev and prod."""

import pytest

from tests.support.pulumi_mocks import Registered
from tests.support.renders import rendered

AWS_STACKS = pytest.mark.parametrize("stack", ["dev", "prod"])
LOGS = {"api", "audit", "authenticator", "controllerManager", "scheduler"}


def only(stack: str, suffix: str) -> Registered:
    (found,) = rendered(stack).of_type(suffix)
    return found


@AWS_STACKS
def test_the_control_plane_logs_all_encrypts_secrets_and_is_open_to_declared_networks_only(stack: str):
    cluster = only(stack, "eks/cluster:Cluster")
    access = cluster.inputs["vpcConfig"]
    assert set(cluster.inputs["enabledClusterLogTypes"]) == LOGS
    assert cluster.inputs["encryptionConfig"]["resources"] == ["secrets"]
    assert (access["endpointPrivateAccess"], access["endpointPublicAccess"]) == (True, True)
    assert access["publicAccessCidrs"] == ["203.0.113.0/24"]
    assert cluster.inputs["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] is False
    assert cluster.inputs["deletionProtection"] is True
    assert cluster.request.protect


def test_without_declared_networks_the_api_is_private():
    eks = rendered("prod", eks=_described()).of_type("eks/cluster:Cluster")[0]
    assert eks.inputs["vpcConfig"]["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in eks.inputs["vpcConfig"]


@AWS_STACKS
def test_keys_are_kept_and_protected(stack: str):
    for name in ("network-key", "cluster-key"):
        key = rendered(stack).named(name)
        assert key.request.protect, name
        assert key.request.retainOnDelete, name


@AWS_STACKS
def test_machines_hand_out_no_credentials_to_pods_and_have_encrypted_disks(stack: str):
    template = only(stack, "LaunchTemplate")
    assert template.inputs["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    for tagged in template.inputs["tagSpecifications"]:
        assert tagged["tags"]["Owner"] == "platform-engineering", tagged
    (disk,) = template.inputs["blockDeviceMappings"]
    assert disk["ebs"]["encrypted"] == "true"
    assert disk["ebs"]["kmsKeyId"] == "arn:aws:mock:::cluster-key"


@AWS_STACKS
def test_nothing_is_declared_in_the_cluster_before_its_nodes_are_there(stack: str):
    provider = only(stack, "pulumi:providers:kubernetes")
    before = {urn.rpartition("::")[2] for urn in provider.request.dependencies}
    assert {"cluster-on-demand", "cluster-spot", "cluster-coredns", "cluster-aws-ebs-csi-driver"} <= before
    assert "cluster-administrator-platform-deployer-policy" in before
    account = {"dev": "111122223333", "prod": "444455556666"}[stack]
    assert provider.inputs["clusterIdentifier"] == f"{account}/us-east-1/analytics-platform-{stack}"


@AWS_STACKS
def test_nodes_wait_for_addresses_and_their_network_and_the_count_is_left_to_whoever_scales(stack: str):
    group = rendered(stack).named("cluster-on-demand")
    before = {urn.rpartition("::")[2] for urn in group.request.dependencies}
    assert {"cluster-vpc-cni", "cluster-eks-pod-identity-agent", "network-private-a-default"} <= before
    assert [*group.request.ignoreChanges] == ["scalingConfig.desiredSize"]


@AWS_STACKS
def test_a_gateway_waits_for_the_way_to_the_internet(stack: str):
    for gateway in rendered(stack).of_type("NatGateway"):
        assert "network-public-default" in {urn.rpartition("::")[2] for urn in gateway.request.dependencies}


def test_prod_has_a_gateway_in_each_zone_and_dev_one():
    assert [len(rendered(stack).of_type("NatGateway")) for stack in ("dev", "prod")] == [1, 3]
    assert [len(rendered(stack).of_type("VpcEndpoint")) for stack in ("dev", "prod")] == [1, 10]


@AWS_STACKS
def test_the_default_group_is_closed_and_flows_are_logged_for_a_year(stack: str):
    group = only(stack, "DefaultSecurityGroup")
    assert not group.inputs.get("ingress")
    assert not group.inputs.get("egress")
    assert only(stack, "FlowLog").inputs["trafficType"] == "ALL"
    groups = rendered(stack).of_type("logGroup:LogGroup")
    assert {log.inputs["retentionInDays"] for log in groups} == {365}
    assert all(log.inputs["kmsKeyId"] for log in groups)


@AWS_STACKS
def test_the_addons_that_call_aws_have_roles_of_their_own_by_pod_identity(stack: str):
    found = rendered(stack).of_type("PodIdentityAssociation")
    associations = {(a.inputs["namespace"], a.inputs["serviceAccount"]) for a in found}
    assert {("kube-system", "aws-node"), ("kube-system", "ebs-csi-controller-sa")} <= associations


@AWS_STACKS
def test_volumes_are_encrypted_with_the_clusters_key_and_kept(stack: str):
    storage = only(stack, "StorageClass")
    account = {"dev": "111122223333", "prod": "444455556666"}[stack]
    assert storage.inputs["parameters"]["encrypted"] == "true"
    assert storage.inputs["parameters"]["kmsKeyId"] == (
        f"arn:aws:kms:us-east-1:{account}:alias/analytics-platform-{stack}"
    )
    assert storage.inputs["reclaimPolicy"] == "Retain"


def test_a_cluster_that_exists_already_is_taken_by_its_context():
    found = rendered("prod", cluster={"kind": "kubeconfig", "context": "ours"}, applications=None)
    (provider,) = found.of_type("pulumi:providers:kubernetes")
    assert provider.inputs["context"] == "ours"
    assert "kubeconfig" not in provider.inputs
    assert not [r for r in found.resources if ":eks/" in r.type or ":ec2/" in r.type]
    assert "kubeconfig" not in found.outputs


def test_accelerated_nodes_come_only_when_they_are_described():
    assert "cluster-gpu" not in {r.name for r in rendered("prod").resources}
    group = rendered("prod", eks=_described()).named("cluster-gpu")
    assert group.inputs["scalingConfig"] == {"minSize": 0, "desiredSize": 0, "maxSize": 2}
    assert group.inputs["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]


def _described() -> dict[str, object]:
    """Prod's cluster without networks of administrators, and with accelerators."""
    return {
        "version": "1.35",
        "administrators": ["platform-deployer"],
        "publicAccess": [],
        "network": "10.20.0.0/16",
        "zones": ["a", "b", "c"],
        "spot": True,
        "gpu": {"instanceType": "g6.xlarge", "maximum": 2},
    }


def test_people_log_in_by_the_identity_provider_under_names_that_nobody_else_has():
    run = rendered("prod")
    oidc = run.named("people-provider").inputs["oidc"]
    assert (oidc["issuerUrl"], oidc["clientId"]) == ("https://login.example.com", "analytics-platform-cluster")
    assert oidc["groupsPrefix"] == oidc["usernamePrefix"] == "oidc:"
    groups = {
        subject["name"]
        for binding in run.of_type(":RoleBinding")
        for subject in binding.inputs["subjects"]
        if subject["kind"] == "Group"
    }
    assert "oidc:trading-desk:viewers" in groups
    assert all(group.startswith("oidc:") for group in groups)
    assert not rendered("dev").of_type("IdentityProviderConfig")
