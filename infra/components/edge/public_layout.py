"""Names, documents, rules and prices of the edge on the internet, as plain values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pydantic import Field

from infra.components.foundation.bucket_layout import lifecycle
from infra.components.foundation.resource_policies import bucket_tls_only, document, log_key_policy
from infra.core.catalog.prices import KMS_KEY, SECRET, WEB_ACL, WEB_ACL_RULE
from infra.core.cost.usage import PLATFORM, Usage
from infra.core.guard_regions import GLOBAL_REGION
from infra.core.labels import Environment
from infra.core.models import Args
from infra.core.names import PROJECT

NAME = "edge"
"""Its name as a part of the platform."""

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
"""Policies of AWS's own: nothing is cached, and everything that the viewer sent goes on, which upgrades to WebSocket
need (CloudFront Developer Guide, "Use managed cache policies" and "Use managed origin request policies")."""

TLS = "TLSv1.2_2021"
ORIGIN_HEADER = "X-Origin-Token"
"""Header that only CloudFront knows the value of: what comes without it did not come through the firewall."""

READ_SECONDS = 60
"""Longest that CloudFront waits for the origin's answer without a raised quota (CloudFront Developer Guide, quotas)."""

STRICT_SECONDS = 31_536_000
"""A year, during which browsers do not even try plain HTTP."""

LOG_DAYS = 365
"""Days for which access logs and the firewall's logs are kept: intrusions are found after months."""

NONCURRENT_DAYS = 30
RATE_SECONDS = 300
RATE_RULE = "rate-of-one-address"

MANAGED_GROUPS = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
)
"""Groups of rules that AWS keeps up to date (AWS WAF Developer Guide, "AWS Managed Rules rule groups list")."""

COUNTED_ONLY = {"AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",)}
"""That one refuses bodies above 8 KB, which uploads and batches of features are; the gateway limits their size."""


class PublicEdgeArgs(Args):
    """One host name, and what stands before the platform there."""

    name: str = Field(min_length=1, max_length=60, description="name of the firewall, the policy and the key's alias")
    account_id: str = Field(pattern=r"^[0-9]{12}$", description="account that owns it")
    domain: str = Field(description="host name")
    zone_id: str = Field(description="id of the hosted zone that the host name is in")
    price_class: str = Field(description="where CloudFront answers")
    requests_per_address: int = Field(ge=10, description="requests of one address in 5 minutes before it is refused")
    log_bucket: str = Field(min_length=3, max_length=63, description="globally unique name of the bucket for logs")
    keep: bool = Field(default=True, description="whether logs and their key outlive a mistake")

    @property
    def origin(self) -> str:
        """Host name under which CloudFront reaches the load balancer before the cluster."""
        return origin_host(self.domain)

    @property
    def log_group(self) -> str:
        """Log group of the firewall; AWS WAF writes to no other than one with this beginning."""
        return f"aws-waf-logs-{self.name}"


class PublicOriginArgs(Args):
    """The origin's name, and the token by which it knows CloudFront."""

    environment: Environment
    domain: str = Field(description="host name of the edge, under which the origin's own is")
    zone_id: str = Field(description="id of the hosted zone that the host name is in")
    target: str | None = Field(default=None, description="host name of the load balancer; no record without it")
    recovery_days: int = Field(ge=0, le=30, description="Secrets Manager's recovery window")

    @property
    def secret(self) -> str:
        """Name of the secret that holds the token."""
        return f"{PROJECT}/{self.environment}/edge/origin-token"


def origin_host(domain: str) -> str:
    """Host name of the load balancer before the cluster."""
    return f"origin.{domain}"


def firewall_rules(args: PublicEdgeArgs) -> list[dict[str, Any]]:
    """Rules in the order of their evaluation: first who sends too much, then AWS's groups."""
    rate = {
        "name": RATE_RULE,
        "priority": 0,
        "action": {"block": {}},
        "statement": {
            "rate_based_statement": {
                "aggregate_key_type": "IP",
                "limit": args.requests_per_address,
                "evaluation_window_sec": RATE_SECONDS,
            }
        },
        "visibility_config": visibility(RATE_RULE),
    }
    return [rate, *(_managed(index, group) for index, group in enumerate(MANAGED_GROUPS, start=1))]


def visibility(metric: str) -> dict[str, Any]:
    """Metrics under a name, and samples of requests."""
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": True}


def security_headers() -> dict[str, Any]:
    """Headers of every answer. What an application says of its own pages counts, but TLS is not its choice."""
    return {
        "strict_transport_security": {
            "access_control_max_age_sec": STRICT_SECONDS,
            "include_subdomains": True,
            "preload": False,
            "override": True,
        },
        "content_type_options": {"override": True},
        "frame_options": {"frame_option": "DENY", "override": False},
        "referrer_policy": {"referrer_policy": "strict-origin-when-cross-origin", "override": False},
        "content_security_policy": {
            "content_security_policy": "default-src 'none'; frame-ancestors 'none'",
            "override": False,
        },
    }


def key_policy(args: PublicEdgeArgs) -> str:
    """Key policy for the firewall's logs and for the access logs.

    The service that delivers access logs is named without a condition, as in CloudFront's own guide (CloudFront
    Developer Guide, "Required key policy for SSE-KMS buckets").
    """
    delivery = {
        "Sid": "AccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": ["kms:GenerateDataKey*"],
        "Resource": "*",
    }
    return document([*log_key_policy(args.account_id, GLOBAL_REGION, [args.log_group]), delivery])


def firewall_log_policy(args: PublicEdgeArgs) -> str:
    """Lets the account's own firewall write to its group (CloudWatch Logs User Guide, logs sent to CloudWatch Logs).

    Without it AWS would write one policy for all web ACLs of the account, which belongs to nobody and fills up.
    """
    group = f"arn:aws:logs:{GLOBAL_REGION}:{args.account_id}:log-group:{args.log_group}"
    statement = {
        "Sid": "FirewallLogs",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": [f"{group}:log-stream:*"],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": [args.account_id]},
            "ArnLike": {"aws:SourceArn": [f"arn:aws:logs:{GLOBAL_REGION}:{args.account_id}:*"]},
        },
    }
    return document([statement])


def log_bucket_policy(bucket: str) -> str:
    """Refuses every request without TLS."""
    return document([bucket_tls_only(bucket)])


def log_lifecycle() -> list[dict[str, Any]]:
    """Logs go after a year, what replaced them and what was never finished sooner."""
    return lifecycle(expire_days=LOG_DAYS, noncurrent_days=NONCURRENT_DAYS)


def token_content(token: str) -> str:
    """The secret's content."""
    return json.dumps({"header": ORIGIN_HEADER, "value": token}, sort_keys=True)


def usages(args: PublicEdgeArgs) -> Iterator[Usage]:
    """What is paid for by the month. Requests, traffic and logs are not estimated, and certificates cost nothing."""
    rules = Fraction(len(firewall_rules(args)))
    yield Usage(NAME, PLATFORM, "firewall", WEB_ACL, Fraction(1), Fraction(1))
    yield Usage(NAME, PLATFORM, "rules of the firewall", WEB_ACL_RULE, rules, rules)
    yield Usage(NAME, PLATFORM, "key", KMS_KEY, Fraction(1), Fraction(1), Fraction(int(args.keep)))


def origin_usages() -> Iterator[Usage]:
    """What the origin's side is paid for by the month."""
    yield Usage(NAME, PLATFORM, "token of the origin", SECRET, Fraction(1), Fraction(1))


def _managed(priority: int, group: str) -> dict[str, Any]:
    statement: dict[str, Any] = {"name": group, "vendor_name": "AWS"}
    overrides = [{"name": name, "action_to_use": {"count": {}}} for name in COUNTED_ONLY.get(group, ())]
    if overrides:
        statement["rule_action_overrides"] = overrides
    return {
        "name": group,
        "priority": priority,
        "override_action": {"none": {}},
        "statement": {"managed_rule_group_statement": statement},
        "visibility_config": visibility(group),
    }
