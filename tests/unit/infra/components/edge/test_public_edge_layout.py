"""Rules, documents and prices of the edge on the internet."""

import json
from fractions import Fraction
from typing import Any

from infra.components.edge.public_layout import (
    MANAGED_GROUPS,
    PublicEdgeArgs,
    PublicOriginArgs,
    firewall_log_policy,
    firewall_rules,
    key_policy,
    log_bucket_policy,
    log_lifecycle,
    security_headers,
    token_content,
    usages,
)
from infra.core.catalog.prices import KMS_KEY, WEB_ACL, WEB_ACL_RULE


def edge(**changes: Any) -> PublicEdgeArgs:
    given = {
        "name": "platform-prod",
        "account_id": "444455556666",
        "domain": "data.example.com",
        "zone_id": "Z1",
        "price_class": "PriceClass_100",
        "requests_per_address": 600,
        "log_bucket": "platform-prod-edge-logs",
    }
    return PublicEdgeArgs(**(given | changes))


def test_who_sends_too_much_is_refused_before_any_other_rule_is_asked():
    first, *groups = firewall_rules(edge())
    assert first["action"] == {"block": {}}
    rate = first["statement"]["rate_based_statement"]
    assert (rate["aggregate_key_type"], rate["limit"], rate["evaluation_window_sec"]) == ("IP", 600, 300)
    assert [rule["priority"] for rule in groups] == list(range(1, len(MANAGED_GROUPS) + 1))


def test_the_managed_groups_refuse_and_only_the_limit_of_bodies_just_counts():
    groups = {rule["name"]: rule for rule in firewall_rules(edge())[1:]}
    assert {*groups} == {*MANAGED_GROUPS}
    assert all(rule["override_action"] == {"none": {}} for rule in groups.values())
    statements = {name: rule["statement"]["managed_rule_group_statement"] for name, rule in groups.items()}
    counted = {name: found["rule_action_overrides"] for name, found in statements.items() if len(found) > 2}
    only = [{"name": "SizeRestrictions_BODY", "action_to_use": {"count": {}}}]
    assert counted == {"AWSManagedRulesCommonRuleSet": only}


def test_the_firewall_logs_to_a_group_that_it_may_write_to_and_that_only_this_accounts_can():
    args = edge()
    assert args.log_group == "aws-waf-logs-platform-prod"
    (statement,) = json.loads(firewall_log_policy(args))["Statement"]
    assert statement["Resource"] == [
        "arn:aws:logs:us-east-1:444455556666:log-group:aws-waf-logs-platform-prod:log-stream:*"
    ]
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ["444455556666"]}


def test_the_key_serves_the_firewalls_group_and_the_delivery_of_access_logs_only():
    account, logs, delivery = json.loads(key_policy(edge()))["Statement"]
    assert account["Principal"] == {"AWS": "arn:aws:iam::444455556666:root"}
    (group,) = logs["Condition"]["ArnEquals"].values()
    assert group == ["arn:aws:logs:us-east-1:444455556666:log-group:aws-waf-logs-platform-prod"]
    assert (delivery["Principal"], delivery["Action"]) == (
        {"Service": "delivery.logs.amazonaws.com"},
        ["kms:GenerateDataKey*"],
    )


def test_logs_are_kept_for_a_year_and_read_over_tls_only():
    age, unfinished = log_lifecycle()
    assert age["expiration"] == {"days": 365}
    assert unfinished["abort_incomplete_multipart_upload"]["days_after_initiation"] == 7
    (statement,) = json.loads(log_bucket_policy("b"))["Statement"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_an_application_may_say_more_of_its_pages_but_never_less_of_tls():
    headers = security_headers()
    assert headers["strict_transport_security"]["override"]
    assert headers["content_type_options"]["override"]
    assert not headers["content_security_policy"]["override"]


def test_the_origin_has_a_name_of_its_own_and_a_token_under_the_environments_name():
    assert edge().origin == "origin.data.example.com"
    origin = PublicOriginArgs(environment="dev", domain="data.example.com", zone_id="Z1", recovery_days=0)
    assert origin.secret == "analytics-platform/dev/edge/origin-token"
    assert json.loads(token_content("t")) == {"header": "X-Origin-Token", "value": "t"}


def test_each_rule_of_the_firewall_is_paid_for_and_the_kept_key_after_a_destruction_too():
    found = {usage.price: usage for usage in usages(edge())}
    assert found[WEB_ACL_RULE].typical == 1 + len(MANAGED_GROUPS)
    assert found[WEB_ACL].survives == 0
    assert found[KMS_KEY].survives == 1
    gone = {usage.price: usage.survives for usage in usages(edge(keep=False))}
    assert gone[KMS_KEY] == Fraction(0)
