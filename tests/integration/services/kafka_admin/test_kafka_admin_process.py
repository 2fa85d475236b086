"""kafka-admin as a process, against a real broker."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer

from tests.support.kafka import Broker, running_kafka

pytestmark = pytest.mark.integration

PRICES = {"partitions": 3, "replication": 1, "settings": {"retention.ms": "60000"}}
FEED = {
    "quotas": {"producer_byte_rate": 1048576},
    "acls": [
        {"resource": "topic", "name": "prices", "operations": ["Write", "Describe"]},
        {"resource": "transactional_id", "name": "feed-", "prefix": True, "operations": ["Write", "Describe"]},
    ],
}
DESK = {
    "acls": [
        {"resource": "topic", "name": "prices", "operations": ["Read", "Describe"]},
        {"resource": "group", "name": "desk", "prefix": True, "operations": ["Read"]},
    ],
}
DECLARED = {"topics": {"prices": PRICES}, "users": {"feed": FEED, "desk": DESK}}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running_kafka(tmp_path_factory.mktemp("administered") / "broker") as running:
        running.passwords |= {"feed": "password-of-feed", "desk": "password-of-desk", "odd": ""}
        yield running


def run(broker: Broker, folder: Path, declaration: Any, **variables: str) -> subprocess.CompletedProcess[str]:
    path = folder / "declaration.json"
    users = {name: {**user, "password_file": str(folder / name)} for name, user in declaration["users"].items()}
    path.write_text(json.dumps({**declaration, "users": users}))
    for name in ("admin", *users):
        (folder / name).write_text(broker.passwords[name])
    environment = {
        **broker.environment("KAFKA_ADMIN_", "admin"),
        "KAFKA_ADMIN_DECLARATION": str(path),
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-m", "kafka_admin"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def written(broker: Broker, user: str) -> str:
    """What comes of writing one record as a user: an error's name, or nothing."""
    failures: list[str] = []
    producer = Producer(broker.client(user, **{"message.timeout.ms": 5000}))
    producer.produce("prices", b"1", on_delivery=lambda error, _: failures.append(error.name()) if error else None)
    producer.flush(10)
    return failures[0] if failures else ""


def read(broker: Broker, user: str) -> str:
    settings = {"group.id": f"{user}-test", "auto.offset.reset": "earliest"}
    consumer = Consumer(broker.client(user, **settings))
    try:
        consumer.subscribe(["prices"])
        message = consumer.poll(10)
        assert message is not None
        return message.error().name() if message.error() else ""
    except KafkaException as error:
        return str(error.args[0].name())
    finally:
        consumer.close()


def test_kafka_becomes_what_is_declared_and_the_second_run_changes_nothing(broker: Broker, tmp_path: Path):
    first = run(broker, tmp_path, DECLARED)
    assert first.returncode == 0, first.stderr
    assert "topic prices: created with 3 partitions" in first.stdout
    again = run(broker, tmp_path, DECLARED)
    assert again.stdout == "passwords of 2 users set\n"
    assert written(broker, "feed") == ""
    assert written(broker, "desk") == "TOPIC_AUTHORIZATION_FAILED"
    assert read(broker, "desk") == ""


def test_no_password_is_printed(broker: Broker, tmp_path: Path):
    for result in (
        run(broker, tmp_path, DECLARED),
        run(broker, tmp_path, DECLARED, KAFKA_ADMIN_WAIT_SECONDS="0", KAFKA_ADMIN_KAFKA_SASL_PASSWORD="wrong-one"),
    ):
        said = result.stdout + result.stderr
        assert not [word for word in (*broker.passwords.values(), "wrong-one") if word and word in said]


def test_settings_quotas_and_permissions_follow_a_changed_declaration(broker: Broker, tmp_path: Path):
    run(broker, tmp_path, DECLARED)
    topic = {"partitions": 4, "replication": 1, "settings": {"cleanup.policy": "compact"}}
    changed = run(broker, tmp_path, {"topics": {"prices": topic}, "users": {"desk": DESK}})
    assert changed.stdout.splitlines() == [
        "topic prices: 4 partitions",
        "topic prices: cleanup.policy = compact",
        "topic prices: retention.ms back to its default",
        "user feed: producer_byte_rate without limit",
        "revoked from user feed: Describe topic prices",
        "revoked from user feed: Write topic prices",
        "revoked from user feed: Describe transactional_id feed-*",
        "revoked from user feed: Write transactional_id feed-*",
        "user feed: removed",
        "passwords of 1 users set",
    ]
    again = run(broker, tmp_path, {"topics": {}, "users": {"desk": DESK}})
    assert again.stdout == "topic prices: not declared, left as it is\npasswords of 1 users set\n"


def test_partitions_are_never_taken_away_and_then_nothing_is_changed(broker: Broker, tmp_path: Path):
    run(broker, tmp_path, {"topics": {"wide": {"partitions": 4, "replication": 1}}, "users": {}})
    refused = run(
        broker,
        tmp_path,
        {"topics": {"wide": {"partitions": 2, "replication": 1}, "other": PRICES}, "users": {}},
    )
    assert refused.returncode == 1
    assert "topics.wide.partitions = 2: it has 4" in refused.stderr
    assert "other" not in broker.admin().list_topics(timeout=10).topics


def test_a_setting_that_kafka_does_not_know_is_refused_by_name(broker: Broker, tmp_path: Path):
    topic = {"partitions": 1, "replication": 1, "settings": {"retention.hours": "1"}}
    refused = run(broker, tmp_path, {"topics": {"odd": topic}, "users": {}})
    assert refused.returncode == 1
    assert "kafka-admin: topic odd: Unknown topic config name: retention.hours" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_wrong_settings_end_with_2_and_a_broker_that_does_not_answer_with_1(broker: Broker, tmp_path: Path):
    wrong = run(broker, tmp_path, DECLARED, KAFKA_ADMIN_WAIT_SECONDS="soon")
    assert wrong.returncode == 2
    assert "KAFKA_ADMIN_WAIT_SECONDS = 'soon'" in wrong.stderr
    missing = run(broker, tmp_path, {**DECLARED, "users": {"odd": {}}})
    assert missing.returncode == 2
    assert "users.odd.password_file" in missing.stderr
    nobody = run(
        broker,
        tmp_path,
        DECLARED,
        KAFKA_ADMIN_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1",
        KAFKA_ADMIN_WAIT_SECONDS="0",
    )
    assert nobody.returncode == 1
    assert "127.0.0.1:1 did not let us in" in nobody.stderr
