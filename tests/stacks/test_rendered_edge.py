"""The edge on the internet as each stack declares it."""

from __future__ import annotations

import json

import pytest

from tests.support.pulumi_mocks import configuration
from tests.support.renders import rendered

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_everything_comes_through_a_firewall_and_is_logged(stack: str):
    run = rendered(stack)
    distribution = run.named("edge-distribution").inputs
    assert distribution["webAclId"] == "arn:aws:mock:::edge-firewall"
    assert distribution["loggingConfig"]["bucket"].startswith(f"analytics-platform-{stack}-edge-logs-")
    assert distribution["viewerCertificate"]["minimumProtocolVersion"] == "TLSv1.2_2021"
    assert distribution["defaultCacheBehavior"]["viewerProtocolPolicy"] == "redirect-to-https"
    redacted = run.named("edge-firewall-log").inputs["redactedFields"]
    assert [field["singleHeader"]["name"] for field in redacted] == ["authorization", "cookie"]


def test_the_origin_is_reached_over_tls_with_a_token_that_is_a_secret():
    run = rendered("prod")
    (origin,) = run.named("edge-distribution").inputs["origins"]
    assert origin["domainName"] == "origin.data.example.com"
    inside = run.named("edge-vpc-origin").inputs["vpcOriginEndpointConfig"]
    assert (inside["originProtocolPolicy"], inside["originSslProtocols"]["items"]) == ("https-only", ["TLSv1.2"])
    (header,) = origin["customHeaders"]
    assert header == {"name": "X-Origin-Token", "value": "generated-for-origin-token"}
    kept = run.named("origin-token-aws-version").inputs["secretString"]
    assert json.loads(kept)["value"] == header["value"]
    request = run.named("edge-distribution").request.object
    assert "generated-for-origin-token" not in str(run.outputs)
    assert request["origins"][0]["customHeaders"][0]["value"] != header["value"], "must be wrapped as a secret"


def test_both_names_are_proved_by_records_and_both_families_of_addresses_lead_to_the_edge():
    run = rendered("prod")
    records = {(r.inputs["name"], r.inputs["type"]) for r in run.of_type("route53/record:Record")}
    assert {("data.example.com", "A"), ("data.example.com", "AAAA")} <= records
    assert {r.inputs["domainName"] for r in run.of_type("acm/certificate:Certificate")} == {
        "data.example.com",
        "origin.data.example.com",
    }


def test_outside_of_us_east_1_the_edge_has_a_provider_of_its_own_and_the_origin_stays_with_the_cluster():
    run = rendered("prod", aws=configuration("prod")["aws"] | {"region": "eu-central-1"})
    there = run.named("aws-us-east-1")
    assert there.inputs["region"] == "us-east-1"
    assert there.inputs["defaultTags"] == run.named("aws").inputs["defaultTags"]
    for name in ("edge-distribution", "edge-firewall", "edge-domain-certificate", "edge-logs-bucket"):
        assert there.urn in run.named(name).provider, name
    assert there.urn not in run.named("origin-domain-certificate").provider
    assert not [r for r in rendered("prod").resources if r.name == "aws-us-east-1"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_load_balancer_is_reached_inside_the_network_only(stack: str):
    run = rendered(stack)
    balancer = run.named("load-balancer-balancer").inputs
    assert balancer["internal"] is True
    assert balancer["subnets"] == [f"network-private-{zone}_id" for zone in "abc"]
    assert (
        run.named("edge-vpc-origin").inputs["vpcOriginEndpointConfig"]["arn"]
        == run.named("load-balancer-listener").inputs["loadBalancerArn"]
    )
    rules = {rule.name: rule.inputs for rule in run.of_type("vpc/securityGroupIngressRule:SecurityGroupIngressRule")}
    assert rules["load-balancer-from-network"]["cidrIpv4"] == run.named("network-vpc").inputs["cidrBlock"]
    pods = [rule for name, rule in rules.items() if name.endswith("-from-balancer")]
    assert sorted(rule["fromPort"] for rule in pods) == [8100, 8443]
    assert {rule["referencedSecurityGroupId"] for rule in pods} == {"load-balancer-group_id"}


def test_kongs_pods_are_the_targets_of_a_group_that_the_program_declares():
    run = rendered("prod")
    group = run.named("load-balancer-targets").inputs
    spec = run.named("edge-gateway-binding").inputs["spec"]
    assert spec["targetGroupName"] == group["name"] == "analytics-platform-prod-kong"
    assert spec["serviceRef"] == {"name": "kong", "port": group["port"]}
    assert "networking" not in spec, "the controller would change security groups"
    assert group["healthCheck"]["path"] == "/status/ready"
    policy = json.loads(run.named("aws-load-balancer-controller-identity-policy").inputs["policy"])
    writes = [each for each in policy["Statement"] if each["Resource"] != ["*"]]
    assert [each["Resource"] for each in writes] == [
        [f"arn:aws:elasticloadbalancing:us-east-1:444455556666:targetgroup/{group['name']}/*"]
    ]


def test_a_load_balancer_that_somebody_else_keeps_is_reached_by_its_name():
    assert not [r for r in rendered("prod").resources if r.name == "origin-record"]
    edge = configuration("prod")["edge"] | {"originTarget": "balancer.example.com"}
    run = rendered("prod", edge=edge)
    (origin,) = run.named("edge-distribution").inputs["origins"]
    assert origin["customOriginConfig"]["originProtocolPolicy"] == "https-only"
    assert not [r for r in run.resources if r.name.startswith("load-balancer") or r.name == "edge-gateway-binding"]
    record = run.named("origin-record").inputs
    assert (record["name"], record["type"], record["records"]) == (
        "origin.data.example.com",
        "CNAME",
        ["balancer.example.com"],
    )


def test_local_has_no_edge():
    assert not [r for r in rendered("local").resources if "cloudfront" in r.type]
