"""A topic whose messages people get by mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import sns

from infra.core.component import PlatformComponent


@dataclass(frozen=True)
class TopicSettings:
    """A topic.

    Attributes:
        name: its name.
        policy: who may publish there, as a document.
        addresses: who gets its messages.
        wanted: which messages they get, as a filter policy; all if None.
    """

    name: str
    policy: str
    addresses: Sequence[str]
    wanted: str | None = None


def mailed_topic(
    component: PlatformComponent, key_arn: pulumi.Input[str], settings: TopicSettings, *, role: str, reader: str
) -> sns.Topic:
    """Declare the topic and its subscriptions.

    Args:
        component: their parent.
        key_arn: key that encrypts what is published.
        settings: the settings.
        role: the topic's role among the component's children.
        reader: beginning of the subscriptions' roles.
    """
    topic = sns.Topic(
        component.child(role),
        name=settings.name,
        kms_master_key_id=key_arn,
        policy=settings.policy,
        opts=component.child_options(),
    )
    for index, address in enumerate(settings.addresses):
        sns.TopicSubscription(
            component.child(f"{reader}-{index}"),
            topic=topic.arn,
            protocol="email",
            endpoint=address,
            filter_policy=settings.wanted,
            opts=component.child_options(),
        )
    return topic
