"""The controllers of a cluster on AWS: what their charts are told, what they may do, and what binds pods to a group."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from infra.components.edge import balancer_layout, balancer_models, kong_layout, public_layout
from infra.components.foundation import controllers_layout as layout
from infra.core.iam import AwsNetwork, AwsPlace, policy_document
from infra.core.iam.boundary import boundary_document
from infra.core.labels import Ownership
from infra.stacks.files import ROOT, read_catalog, read_definitions
from tests.support.iam_evaluator import Request, allows

CHARTS = read_catalog().charts
OWNERSHIP = Ownership(environment="prod", owner="team", cost_centre="cc-1")
CLUSTER = "analytics-platform-prod"
AWS = AwsPlace(account_id="444455556666", region="us-east-1")
ALONE = layout.ControllersPlace(
    namespace="platform-operators",
    ownership=OWNERSHIP,
    cluster=CLUSTER,
    region=AWS.region,
    bound=None,
    targets=None,
)
PLACE = ALONE.model_copy(update={"bound": "platform-edge", "targets": f"{CLUSTER}-kong"})
BALANCER = balancer_layout.BalancerArgs(
    name=CLUSTER,
    group=balancer_layout.group_name(CLUSTER),
    account_id=AWS.account_id,
    region=AWS.region,
    network="10.20.0.0/16",
    subnets=("10.20.0.0/19", "10.20.32.0/19"),
    log_bucket="logs-of-prod",
)


def values(chart: str) -> dict[str, Any]:
    return layout.values(chart, PLACE, CHARTS[chart].footprint)


def allowed(name: str, action: str, resource: str, **context: str) -> bool:
    grant = dict(layout.grants(PLACE))[name]
    policy = policy_document(name, [grant], AWS, {}, file="catalog")
    return allows(Request(action, resource, context), policy, boundary=boundary_document(AWS, "prod"))


def test_a_cluster_that_nobody_reaches_from_outside_has_the_autoscaler_only():
    assert layout.charts(ALONE) == ("cluster-autoscaler",)
    assert [pod.party.name for pod in layout.pods(ALONE)] == ["cluster-autoscaler"]
    assert not [*layout.rights(ALONE)]


@pytest.mark.parametrize(("name", "own"), [(f"{CLUSTER}-kong", True), (f"{CLUSTER}-other", False), ("shop", False)])
def test_pods_are_registered_at_the_one_group_only(name: str, own: bool):
    group = AWS.arn("elasticloadbalancing", f"targetgroup/{name}/50dc6c495c0c9188")
    assert allowed(layout.TARGETS, "elasticloadbalancing:RegisterTargets", group) is own
    assert not allowed(layout.TARGETS, "elasticloadbalancing:DeleteTargetGroup", group)
    assert not allowed(layout.TARGETS, "elasticloadbalancing:CreateLoadBalancer", "*")


@pytest.mark.parametrize(("cluster", "own"), [(CLUSTER, True), ("analytics-platform-dev", False)])
def test_only_groups_of_the_own_cluster_are_scaled(cluster: str, own: bool):
    group = AWS.arn("autoscaling", "autoScalingGroup:1:autoScalingGroupName/eks-spot-2")
    tag = {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster}": "owned"}
    assert allowed(layout.NODES, "autoscaling:SetDesiredCapacity", group, **tag) is own
    assert not allowed(layout.NODES, "autoscaling:UpdateAutoScalingGroup", group, **tag)


def test_a_target_group_has_a_name_that_aws_takes():
    assert balancer_layout.group_name("a" * 60) != balancer_layout.group_name("a" * 61)
    for cluster in (CLUSTER, "a" * 60):
        group = balancer_layout.group_name(cluster)
        assert len(group) <= 32
        assert layout.TargetRegistration(group=group).group == group


def test_each_controller_reaches_the_services_of_its_role_and_nothing_else():
    members = layout.members(PLACE, AwsNetwork(place=AWS))
    assert {member.party.name: [str(edge.target) for edge in member.outside] for member in members} == {
        "cluster-autoscaler": [
            "autoscaling.us-east-1.amazonaws.com:443",
            "ec2.us-east-1.amazonaws.com:443",
            "eks.us-east-1.amazonaws.com:443",
        ],
        "aws-load-balancer-controller": [
            "ec2.us-east-1.amazonaws.com:443",
            "elasticloadbalancing.us-east-1.amazonaws.com:443",
        ],
    }
    roles = [role for role, _ in layout.policies(PLACE, members)]
    assert len(roles) == len(set(roles)) == 10


def test_the_load_balancer_controller_makes_no_load_balancer_and_touches_no_other_namespace():
    told = values(layout.TARGETS)
    assert told["watchNamespace"] == "platform-edge"
    assert set(told["controllerConfig"]["featureGates"].values()) == {False}
    assert told["enableServiceMutatorWebhook"] is told["createIngressClassResource"] is False
    assert told["enableBackendSecurityGroup"] is told["rbac"]["create"] is False
    writes = {
        (manifest["kind"], resource)
        for _, manifest in layout.rights(PLACE)
        for rule in manifest.get("rules", ())
        for resource in rule["resources"]
        if not set(rule["verbs"]) <= set(layout.READ)
    }
    assert writes == {
        ("Role", "events"),
        ("Role", "leases"),
        ("Role", "targetgroupbindings"),
        ("Role", "targetgroupbindings/status"),
    }


def test_its_webhook_has_a_certificate_of_the_platforms_authority():
    assert values(layout.TARGETS)["enableCertManager"] is True
    assert values(layout.TARGETS)["certManager"] == {"issuerRef": {"kind": "Issuer", "name": "platform-ca"}}


def test_nodes_that_aws_may_take_back_are_started_first():
    told = values(layout.NODES)
    order = yaml.safe_load(told["expanderPriorities"])
    assert order[max(order)] == [".*spot.*"]
    assert told["extraArgs"]["expander"].startswith("priority")


def test_the_autoscalers_release_is_that_of_the_clusters_version():
    configuration = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
    text = (ROOT / "infra/catalog/charts.yaml").read_text()
    assert f"autoscaler {configuration['analytics-platform:eks']['version']}." in text


def binding_schema() -> dict[str, Any]:
    [definition] = [
        each
        for each in read_definitions(CHARTS[layout.TARGETS].crds)
        if each["spec"]["names"]["kind"] == "TargetGroupBinding"
    ]
    [stored] = [each for each in definition["spec"]["versions"] if each["storage"]]
    assert balancer_models.API_VERSION.endswith(f"/{stored['name']}")
    found: dict[str, Any] = stored["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return {**found, "additionalProperties": False}


def test_the_binding_is_valid_under_the_controllers_own_schema_and_changes_no_security_group():
    spec = balancer_layout.binding_manifest(BALANCER, OWNERSHIP)["spec"]
    jsonschema.Draft202012Validator(binding_schema()).validate(spec)
    assert "networking" not in spec
    with pytest.raises(ValidationError, match="networking"):
        balancer_models.TargetGroupBindingSpec.model_validate({**spec, "networking": {"ingress": []}})


def test_logs_are_delivered_by_the_accounts_own_load_balancers_only():
    [deliver, tls] = json.loads(balancer_layout.log_bucket_policy(BALANCER))["Statement"]
    assert deliver["Resource"] == "arn:aws:s3:::logs-of-prod/balancer/AWSLogs/444455556666/*"
    assert "444455556666" in deliver["Condition"]["ArnLike"]["aws:SourceArn"]
    assert tls["Effect"] == "Deny"


def test_a_connection_outlives_cloudfronts_own_and_a_pod_outlives_its_connections():
    assert balancer_layout.IDLE_SECONDS > public_layout.READ_SECONDS
    assert balancer_layout.DRAIN_SECONDS < kong_layout.GRACE_SECONDS
