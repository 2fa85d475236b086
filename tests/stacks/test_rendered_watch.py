"""Alarms, topics and budgets as each stack declares them."""

from __future__ import annotations

import pytest

from tests.support.pulumi_mocks import configuration
from tests.support.renders import rendered

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.parametrize(("stack", "gateways"), [("dev", 1), ("prod", 3)])
def test_every_alarm_tells_the_topic_and_is_about_something_that_is_there(stack: str, gateways: int):
    run = rendered(stack)
    found = run.of_type("cloudwatch/metricAlarm:MetricAlarm")
    assert len([a for a in found if a.inputs["namespace"] == "AWS/NATGateway"]) == 2 * gateways
    for alarm in found:
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == ["arn:aws:mock:::alerts-topic"]
        assert alarm.inputs["name"].startswith(f"analytics-platform-{stack}-")
        assert all(alarm.inputs["dimensions"].values())
    about = {name for a in found for name in a.inputs["dimensions"]}
    assert {"ClusterName", "DBInstanceIdentifier", "CacheClusterId"} <= about
    edge = run.named("alarms-edge-edge-errors").inputs["dimensions"]
    assert edge == {"Region": "Global", "DistributionId": "edge-distribution_id"}


def test_the_budgets_are_those_of_the_stack_and_of_its_tenants():
    run = rendered("prod")
    budgets = {b.inputs["name"]: b.inputs["limitAmount"] for b in run.of_type("budgets/budget:Budget")}
    assert budgets["analytics-platform-prod"] == str(configuration("prod")["budget"])
    assert {*budgets} == {"analytics-platform-prod"} | {
        f"analytics-platform-prod-{tenant}" for tenant in configuration("prod")["tenants"]
    }


def test_each_address_is_subscribed_to_an_encrypted_topic():
    run = rendered("prod")
    assert run.named("alerts-topic").inputs["kmsMasterKeyId"] == "arn:aws:mock:::alerts-key"
    subscribed = {s.name: s.inputs["endpoint"] for s in run.of_type("sns/topicSubscription:TopicSubscription")}
    told = [email for name, email in subscribed.items() if name.startswith("alerts-")]
    assert told == configuration("prod")["watch"]["emails"]


def test_outside_of_us_east_1_a_second_topic_hears_of_the_edge_and_of_the_roots_sign_ins():
    run = rendered("prod", aws=configuration("prod")["aws"] | {"region": "eu-central-1"})
    there = run.named("aws-us-east-1").urn
    assert there in run.named("alerts-global-topic").provider
    assert there in run.named("alerts-global-root").provider
    assert run.named("alarms-edge-edge-errors").inputs["alarmActions"] == ["arn:aws:mock:::alerts-global-topic"]
    assert run.named("alarms-cluster-storage").inputs["alarmActions"] == ["arn:aws:mock:::alerts-topic"]


def test_a_stack_that_nobody_watches_has_neither_alarms_nor_topics():
    run = rendered("dev", watch=None)
    assert not [r for r in run.resources if r.name.startswith(("alerts", "alarms", "budgets"))]


def test_the_accounts_calls_are_recorded_unless_the_organization_does_it():
    trail = rendered("prod").named("trail-trail").inputs
    assert trail["isMultiRegionTrail"]
    assert trail["enableLogFileValidation"]
    assert trail["cloudWatchLogsGroupArn"] == "arn:aws:mock:::trail-records:*"
    assert trail["s3BucketName"].startswith("analytics-platform-prod-trail-")
    without = rendered("dev", watch=configuration("dev")["watch"] | {"trail": False})
    assert not without.of_type("cloudtrail/trail:Trail")
