"""Alarms, events and budgets, and who may tell of them."""

import json
from fractions import Fraction
from typing import Any

import pytest

from infra.components.foundation import alarms_layout as alarms
from infra.components.foundation.budgets_layout import (
    DEFAULT_ANOMALY,
    LEAST_ANOMALY,
    budgets_args,
    cost_filters,
    monitored,
    notifications,
)
from infra.components.foundation.watch_layout import (
    EVENTS,
    AlertsArgs,
    event_pattern,
    key_policy,
    topic_policy,
    usages,
)
from infra.components.foundation.watch_trail_layout import (
    TrailArgs,
    bucket_policy,
    lifecycle_rules,
    role_permissions,
    role_trust,
)
from infra.components.foundation.watch_trail_layout import key_policy as trail_key_policy
from infra.core.catalog.prices import ALARM
from infra.core.quantity import gibibytes

ALERTS = AlertsArgs(name="platform-prod", account_id="444455556666", region="us-east-1", emails=("a@example.com",))


def everything() -> list[alarms.AlarmSpec]:
    return [
        *alarms.cluster_alarms("platform"),
        *alarms.gateway_alarms("abc"),
        *alarms.edge_alarms("platform"),
        *alarms.database_alarms("orders", storage=gibibytes(100)),
        *alarms.cache_alarms("features-001"),
    ]


def test_no_two_alarms_have_one_name_and_each_says_what_to_do():
    found = everything()
    assert len({spec.name for spec in found}) == len(found)
    assert all(spec.description.count(".") >= 1 and len(spec.description) > 40 for spec in found)


def test_a_subject_is_named_wherever_only_aws_knows_its_id():
    given = {spec.subject_of for spec in everything() if spec.subject}
    assert given == {"gateway-a", "gateway-b", "gateway-c", "distribution"}
    assert all((spec.subject is None) == (spec.subject_of is None) for spec in everything())


def test_each_alarm_hears_within_half_an_hour_and_a_full_etcd_is_told_before_it_is_full():
    assert all(spec.period * spec.periods <= 1800 for spec in everything())
    (storage,) = [spec for spec in everything() if spec.name == "cluster-storage"]
    assert storage.threshold == 6 * 1024**3


def test_a_database_is_short_of_storage_when_a_tenth_is_left():
    storage, _ = alarms.database_alarms("orders", storage=1000)
    assert (storage.comparison, storage.threshold) == ("LessThanThreshold", 100)
    assert storage.dimensions == {"DBInstanceIdentifier": "orders"}


def test_alarms_are_paid_for_one_by_one_and_none_cost_nothing():
    (usage,) = alarms.usages(alarms.edge_alarms("f"), "watch")
    assert (usage.price, usage.typical) == (ALARM, Fraction(2))
    assert not [*alarms.usages((), "watch")]


def test_only_alarms_and_rules_of_the_account_publish_and_only_over_tls():
    named, events, tls = json.loads(topic_policy(ALERTS))["Statement"]
    assert named["Condition"]["StringEquals"] == {"aws:SourceAccount": "444455556666"}
    assert named["Condition"]["ArnLike"]["aws:SourceArn"].endswith(":alarm:platform-prod-*")
    assert events["Principal"] == {"Service": "events.amazonaws.com"}
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert {statement["Resource"] for statement in (named, events, tls)} == {
        "arn:aws:sns:us-east-1:444455556666:platform-prod-alerts"
    }


def test_the_topics_key_serves_those_who_publish_and_nobody_else():
    account, *services = json.loads(key_policy(ALERTS))["Statement"]
    assert account["Principal"] == {"AWS": "arn:aws:iam::444455556666:root"}
    assert {statement["Principal"]["Service"] for statement in services} == {
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
    }
    assert all(statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"] for statement in services)
    (usage,) = usages(ALERTS)
    assert usage.survives == 0


@pytest.mark.parametrize("name", EVENTS)
def test_each_event_is_bound_to_what_cloudtrail_reports(name: str):
    pattern: dict[str, Any] = json.loads(event_pattern(name))
    assert all("CloudTrail" in kind for kind in pattern["detail-type"])
    assert pattern["detail"]


def test_the_account_and_each_tenant_with_a_budget_are_held_to_it():
    args = budgets_args("platform", "444455556666", ("a@example.com",), 2000, {"desk": 500, "guest": None})
    assert [(spec.name, spec.usd, spec.tags) for spec in args.budgets] == [
        ("platform", 2000, {}),
        ("platform-desk", 500, {"Tenant": "desk"}),
    ]
    whole, desk = args.budgets
    assert cost_filters(whole) is None
    assert cost_filters(desk) == [{"name": "TagKeyValue", "values": ["user:Tenant$desk"]}]
    assert args.anomaly_usd == 100


@pytest.mark.parametrize(("budget", "usd"), [(None, DEFAULT_ANOMALY), (20, LEAST_ANOMALY), (10_000, 500)])
def test_an_anomaly_is_a_twentieth_of_the_budget_but_never_pocket_money(budget: int | None, usd: int):
    assert budgets_args("p", "444455556666", ("a@example.com",), budget, {}).anomaly_usd == usd


def test_people_are_told_before_the_budget_is_spent_and_when_it_will_be():
    assert [(n["notification_type"], n["threshold"]) for n in notifications(("a@example.com",))] == [
        ("ACTUAL", 80),
        ("FORECASTED", 100),
    ]
    assert json.loads(monitored())["Tags"]["Values"] == ["analytics-platform"]


def test_only_this_trail_writes_to_its_bucket_under_its_key_and_only_for_this_account():
    args = TrailArgs(name="platform", account_id="444455556666", region="us-east-1", bucket="platform-trail")
    check, write, tls = json.loads(bucket_policy(args))["Statement"]
    arn = "arn:aws:cloudtrail:us-east-1:444455556666:trail/platform"
    assert check["Condition"]["StringEquals"]["aws:SourceArn"] == arn
    assert write["Condition"]["StringEquals"]["aws:SourceArn"] == arn
    assert write["Resource"] == "arn:aws:s3:::platform-trail/AWSLogs/444455556666/*"
    assert tls["Effect"] == "Deny"
    _, logs, encrypt, describe = json.loads(trail_key_policy(args))["Statement"]
    assert [*logs["Condition"]["ArnEquals"].values()] == [
        ["arn:aws:logs:us-east-1:444455556666:log-group:/aws/cloudtrail/platform"]
    ]
    (trust,) = json.loads(role_trust(args))["Statement"]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceArn": arn}
    (permission,) = json.loads(role_permissions(args))["Statement"]
    assert permission["Resource"][0].endswith(":log-stream:444455556666_CloudTrail_us-east-1*")
    assert {statement["Condition"]["StringEquals"]["aws:SourceArn"] for statement in (encrypt, describe)} == {arn}


def test_records_are_kept_for_a_year():
    age, _ = lifecycle_rules()
    assert age["expiration"] == {"days": 365}
    assert age["transitions"][0]["days"] < 365
