from typing import Any

import pytest
from kafka_admin.declaration import Acl, Declaration, Permission, Topic, User
from kafka_admin.difference import Actual, ActualTopic, RefusedError, difference

SETTINGS = {"retention.ms": "1000"}


def declared(**change: Any) -> Declaration:
    reads = Acl(resource="topic", name="prices", operations=["Read"])
    user = User(password_file="/x", quotas={"producer_byte_rate": 1024.0}, acls=[reads])
    topic = Topic(partitions=3, replication=1, settings=SETTINGS)
    return Declaration(topics={"prices": topic}, users={"desk": user}).model_copy(update=change)


THERE = Actual(
    topics={"prices": ActualTopic(3, SETTINGS)},
    users=frozenset({"desk"}),
    quotas={"desk": {"producer_byte_rate": 1024.0}},
    permissions=frozenset({Permission("desk", "topic", "prices", prefix=False, operation="Read")}),
)


def test_what_is_as_declared_is_left_alone():
    assert list(difference(declared(), THERE).lines()) == []


def test_an_empty_kafka_gets_everything():
    changes = difference(declared(), Actual())
    assert set(changes.create) == {"prices"}
    assert changes.settings == {}, "a new topic is created with them"
    assert changes.quotas == {"desk": {"producer_byte_rate": 1024.0}}
    assert {str(permission) for permission in changes.grant} == {"desk: Read topic prices"}


def test_a_topic_gets_more_partitions_and_other_settings():
    topic = Topic(partitions=6, replication=1, settings={"cleanup.policy": "compact"})
    changes = difference(declared(topics={"prices": topic}), THERE)
    assert changes.partitions == {"prices": 6}
    assert changes.settings == {"prices": {"cleanup.policy": "compact", "retention.ms": None}}


def test_a_topic_with_fewer_partitions_is_refused_with_all_of_its_kind():
    topics = {name: Topic(partitions=1, replication=1) for name in ("prices", "outages")}
    there = Actual(topics={name: ActualTopic(3, {}) for name in topics})
    with pytest.raises(RefusedError, match="nothing was changed") as refused:
        difference(declared(topics=topics), there)
    assert "topics.outages.partitions = 1: it has 3" in str(refused.value)
    assert "topics.prices.partitions = 1: it has 3" in str(refused.value)


def test_who_is_no_longer_declared_loses_permissions_quotas_and_password_but_no_topic_goes():
    changes = difference(declared(users={}, topics={}), THERE)
    assert changes.forget == {"desk"}
    assert changes.quotas == {"desk": {"producer_byte_rate": None}}
    assert changes.revoke == THERE.permissions
    assert changes.kept == {"prices"}
    assert changes.create == {}


def test_permissions_that_were_given_by_hand_are_revoked_also_those_that_forbid():
    forbidden = Permission("desk", "cluster", "kafka-cluster", prefix=False, operation="Alter", allow=False)
    there = Actual(THERE.topics, THERE.users, THERE.quotas, THERE.permissions | {forbidden})
    assert difference(declared(), there).revoke == {forbidden}


def test_each_change_is_a_line_to_read():
    topic = Topic(partitions=6, replication=1, settings={"cleanup.policy": "compact"})
    lines = list(difference(declared(topics={"prices": topic, "new": topic}, users={}), THERE).lines())
    assert lines == [
        "topic new: created with 6 partitions",
        "topic prices: 6 partitions",
        "topic prices: cleanup.policy = compact",
        "topic prices: retention.ms back to its default",
        "user desk: producer_byte_rate without limit",
        "revoked from user desk: Read topic prices",
        "user desk: removed",
    ]
