"""Where alarms and events of an account go."""

from __future__ import annotations

import pulumi
from pulumi_aws import cloudwatch, sns

from infra.components.foundation.customer_key import customer_key
from infra.components.foundation.mailed_topic import TopicSettings, mailed_topic
from infra.components.foundation.watch_layout import EVENTS, AlertsArgs, event_pattern, key_policy, topic_policy
from infra.core.component import PlatformComponent


class Alerts(PlatformComponent):
    """An encrypted topic that e-mails people, and rules that publish there what nobody may do unseen.

    Each address gets a mail that asks it to confirm; until then AWS sends it nothing, and nothing here can tell.

    Attributes:
        topic_arn: ARN of the topic.
    """

    DOMAIN = "foundation"
    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlertsArgs, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        key = customer_key(self, f"Encrypts what is published to {args.topic}", key_policy(args), alias=args.topic)
        settings = TopicSettings(args.topic, topic_policy(args), args.emails)
        topic = mailed_topic(self, key.arn, settings, role="topic", reader="email")
        for event in EVENTS:
            self._event(args, event, topic)
        self.topic_arn = topic.arn
        self.register_outputs({"topicArn": self.topic_arn})

    def _event(self, args: AlertsArgs, event: str, topic: sns.Topic) -> None:
        rule = cloudwatch.EventRule(
            self.child(event),
            name=f"{args.name}-{event}",
            description=f"Tells {args.topic} of {event}",
            event_pattern=event_pattern(event),
            opts=self.child_options(),
        )
        cloudwatch.EventTarget(
            self.child(f"{event}-target"),
            rule=rule.name,
            target_id="alerts",
            arn=topic.arn,
            opts=self.child_options(),
        )
