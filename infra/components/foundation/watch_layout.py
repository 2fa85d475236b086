"""Who is told of what: documents and patterns of the topic that alarms and events go to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from pydantic import Field

from infra.components.foundation.resource_policies import account_decides, document, topic_tls_only
from infra.core.catalog.prices import KMS_KEY
from infra.core.cost.usage import PLATFORM, Usage
from infra.core.models import Args

NAME = "watch"
"""Its name as a part of the platform."""

CALLS = "AWS API Call via CloudTrail"
SIGN_INS = "AWS Console Sign In via CloudTrail"
"""What EventBridge calls them. They come only in an account with a trail (Amazon EventBridge User Guide, "AWS service
events delivered via AWS CloudTrail"): the program's, or the organization's."""

EVENTS: Mapping[str, Mapping[str, Any]] = {
    "root": {"detail-type": [SIGN_INS, CALLS], "detail": {"userIdentity": {"type": ["Root"]}}},
    "key-loss": {
        "source": ["aws.kms"],
        "detail-type": [CALLS],
        "detail": {"eventSource": ["kms.amazonaws.com"], "eventName": ["DisableKey", "ScheduleKeyDeletion"]},
    },
    "trail-loss": {
        "source": ["aws.cloudtrail"],
        "detail-type": [CALLS],
        "detail": {"eventSource": ["cloudtrail.amazonaws.com"], "eventName": ["DeleteTrail", "StopLogging"]},
    },
}
"""Events that somebody hears of whoever caused them: use of the account's root, and keys or trails that go."""


class AlertsArgs(Args):
    """The topic of one region."""

    name: str = Field(min_length=1, max_length=60, description="beginning of the names of topic, key and rules")
    account_id: str = Field(pattern=r"^[0-9]{12}$", description="account that owns it")
    region: str = Field(description="region that it is in; alarms and events reach topics of their own region only")
    emails: tuple[str, ...] = Field(min_length=1, description="who is told")

    @property
    def topic(self) -> str:
        """Name of the topic."""
        return f"{self.name}-alerts"

    @property
    def topic_arn(self) -> str:
        """ARN of the topic."""
        return f"arn:aws:sns:{self.region}:{self.account_id}:{self.topic}"


def topic_policy(args: AlertsArgs) -> str:
    """Alarms and rules of the account publish, over TLS only; who else does so is for the account's IAM.

    A rule of EventBridge cannot be bound by a condition (Amazon EventBridge User Guide, "Amazon SNS permissions").
    """
    alarms = {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": args.topic_arn,
        "Condition": {
            "StringEquals": {"aws:SourceAccount": args.account_id},
            "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{args.region}:{args.account_id}:alarm:{args.name}-*"},
        },
    }
    events = {
        "Sid": "Events",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": args.topic_arn,
    }
    return document([alarms, events, topic_tls_only(args.topic_arn)])


def key_policy(args: AlertsArgs) -> str:
    """Lets both services encrypt what they publish; a rule's request carries nothing that a condition could ask for.

    Amazon SNS Developer Guide, "Enable compatibility between event sources from AWS services and encrypted topics".
    """
    use = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"}
    alarms = {
        **use,
        "Sid": "Alarms",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": args.account_id}},
    }
    events = {**use, "Sid": "Events", "Principal": {"Service": "events.amazonaws.com"}}
    return document([account_decides(args.account_id), alarms, events])


def event_pattern(name: str) -> str:
    """Pattern of one of the events.

    Raises:
        KeyError: there is no such event.
    """
    return json.dumps(EVENTS[name], sort_keys=True)


def usages(args: AlertsArgs) -> Iterator[Usage]:
    """The key. Topics, rules and a thousand e-mails a month cost nothing."""
    yield Usage(NAME, PLATFORM, f"key in {args.region}", KMS_KEY, Fraction(1), Fraction(1))
