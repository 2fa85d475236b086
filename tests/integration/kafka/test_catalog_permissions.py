"""The catalog's users on a real broker: each may do exactly what the catalog says, and nobody anything else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicCollection
from confluent_kafka.admin import AdminClient, NewTopic

from infra.components.streaming import kafka_admin, single_broker
from infra.components.streaming.kafka_admin import FILE, SETTINGS
from infra.components.streaming.single_broker import ADMIN
from infra.core.catalog.users import acls
from infra.core.workload.service import SECRETS
from infra.stacks.files import read_catalog
from tests.support.kafka import Broker, running_kafka
from tests.support.single_brokers import single_broker_args

pytestmark = pytest.mark.integration

CATALOG = read_catalog()
USERS = sorted(CATALOG.users)
REFUSED_TOPIC = "TOPIC_AUTHORIZATION_FAILED"
REFUSED_GROUP = "GROUP_AUTHORIZATION_FAILED"
REFUSED_TRANSACTION = "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"
SECONDS = 20.0


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that the job of the program has made what the catalog says."""
    folder = tmp_path_factory.mktemp("catalog")
    with running_kafka(folder / "broker") as running:
        running.passwords |= {user: f"password-of-{user}" for user in USERS}
        answer = run_job(running, folder)
        assert answer.returncode == 0, answer.stderr
        yield running


def run_job(broker: Broker, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the job as it is declared, with the folders of its pod below ``folder``."""
    args = single_broker_args(CATALOG)
    spec = kafka_admin.admin_spec(args, single_broker.access(), CATALOG.topics, CATALOG.users)
    for user in (*USERS, ADMIN):
        path = Path(f"{folder}{kafka_admin.password_file(user)}")
        path.parent.mkdir(parents=True)
        path.write_text(broker.passwords[user])
    assert spec.config_files is not None
    Path(f"{folder}{SETTINGS}").mkdir(parents=True)
    declared = spec.config_files.files[FILE].replace(SECRETS, f"{folder}{SECRETS}")
    Path(f"{folder}{SETTINGS}/{FILE}").write_text(declared)
    environment = {name: value.replace("/etc/", f"{folder}/etc/") for name, value in spec.environment.items()}
    environment["KAFKA_ADMIN_KAFKA_BOOTSTRAP_SERVERS"] = broker.bootstrap
    return subprocess.run(
        [sys.executable, "-m", "kafka_admin"], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def allowed(user: str, resource: str, operation: str) -> set[str]:
    return {
        acl.name for acl in acls(user, CATALOG.users[user]) if acl.resource == resource and operation in acl.operations
    }


def writable(broker: Broker, user: str) -> dict[str, str]:
    """What comes of writing to each topic of the catalog: nothing, or the name of an error."""
    found: dict[str, str] = {}
    producer = Producer(broker.client(user, **{"linger.ms": 0, "message.timeout.ms": 10_000}))
    for topic in CATALOG.topics:

        def done(error: object, _: object, topic: str = topic) -> None:
            found[topic] = error.name() if error else ""  # type: ignore[attr-defined]

        producer.produce(topic, b"{}", b"key", on_delivery=done)
    assert producer.flush(SECONDS) == 0
    return found


def operations(broker: Broker, user: str) -> dict[str, set[str]]:
    """What the broker itself says that a user may do with each topic that it may see."""
    admin = AdminClient(broker.client(user))
    seen = [name for name in admin.list_topics(timeout=SECONDS).topics if not name.startswith("__")]
    described = admin.describe_topics(TopicCollection(seen), include_authorized_operations=True)
    return {
        topic: {operation.name.capitalize() for operation in future.result().authorized_operations or ()}
        for topic, future in described.items()
    }


def read_error(broker: Broker, user: str, topic: str) -> str:
    """What comes of reading a topic as a member of a group: nothing, or the name of an error."""
    settings = {"group.id": f"{user}-reads", "enable.partition.eof": True, "auto.offset.reset": "earliest"}
    consumer = Consumer(broker.client(user, **settings, **{"session.timeout.ms": 1000, "heartbeat.interval.ms": 300}))
    try:
        consumer.subscribe([topic])
        message = consumer.poll(SECONDS)
        assert message is not None, f"{user} got neither a record nor an error of {topic}"
        error = message.error()
        return "" if error is None or error.name() == "_PARTITION_EOF" else str(error.name())
    finally:
        consumer.close()


def group_errors(broker: Broker, user: str, *groups: str) -> list[str]:
    """What comes of asking about each group."""
    admin = AdminClient(broker.client(user))
    errors = []
    for future in admin.describe_consumer_groups(list(groups), request_timeout=SECONDS).values():
        error = future.exception()
        errors.append(str(error.args[0].name()) if error else "")
    return errors


def transaction_error(broker: Broker, user: str, name: str) -> str:
    producer = Producer(broker.client(user, **{"transactional.id": name}))
    try:
        producer.init_transactions(SECONDS)
    except KafkaException as error:
        return str(error.args[0].name())
    return ""


@pytest.mark.parametrize("user", USERS)
def test_a_user_writes_the_topics_that_it_declares_and_no_other(broker: Broker, user: str):
    mine = allowed(user, "topic", "Write")
    assert writable(broker, user) == {topic: "" if topic in mine else REFUSED_TOPIC for topic in CATALOG.topics}


@pytest.mark.parametrize("user", USERS)
def test_the_broker_lets_a_user_do_exactly_what_the_catalog_says(broker: Broker, user: str):
    wanted = {acl.name: set(acl.operations) for acl in acls(user, CATALOG.users[user]) if acl.resource == "topic"}
    assert operations(broker, user) == wanted


@pytest.mark.parametrize("user", ["analytics", "stream-analytics", "external-partner"])
def test_a_user_reads_a_topic_of_its_own_and_none_of_others(broker: Broker, user: str):
    mine = allowed(user, "topic", "Read")
    assert read_error(broker, user, min(mine)) == ""
    assert read_error(broker, user, min(CATALOG.topics.keys() - mine)) == REFUSED_TOPIC


@pytest.mark.parametrize("user", [user for user in USERS if CATALOG.users[user].consumes])
def test_a_user_has_groups_of_its_own_name_and_of_nobody_elses(broker: Broker, user: str):
    neighbour = USERS[USERS.index(user) - 1]
    errors = group_errors(broker, user, user, f"{user}-any", f"{neighbour}-any", "any")
    known = ("", "GROUP_ID_NOT_FOUND")
    assert [error if error not in known else "" for error in errors] == ["", "", REFUSED_GROUP, REFUSED_GROUP]


@pytest.mark.parametrize("user", USERS)
def test_only_who_declares_it_writes_in_transactions_and_only_under_its_own_name(broker: Broker, user: str):
    mine = "" if CATALOG.users[user].transactional else REFUSED_TRANSACTION
    assert transaction_error(broker, user, f"{user}-1") == mine
    assert transaction_error(broker, user, f"{USERS[USERS.index(user) - 1]}-1") == REFUSED_TRANSACTION
    assert transaction_error(broker, user, user) == REFUSED_TRANSACTION, "the hyphen belongs to the name"


def test_no_user_makes_topics_and_nobody_makes_one_by_writing_to_it(broker: Broker):
    admin = AdminClient(broker.client("market-feed"))
    with pytest.raises(KafkaException) as refused:
        admin.create_topics([NewTopic("market-feed.own", 1, 1)])["market-feed.own"].result()
    assert refused.value.args[0].name() == REFUSED_TOPIC
    errors: list[str] = []
    producer = Producer(broker.client(ADMIN, **{"message.timeout.ms": 3000}))
    producer.produce("made-by-writing", b"x", on_delivery=lambda error, _: errors.append(error.name()))
    producer.flush(SECONDS)
    assert errors[0] in {"UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_MSG_TIMED_OUT"}
    assert "made-by-writing" not in broker.admin().list_topics(timeout=10).topics


def test_a_wrong_password_and_an_unknown_user_are_refused(broker: Broker):
    for change in ({"sasl.password": "wrong"}, {"sasl.username": "nobody"}):
        said: list[str] = []
        admin = AdminClient(
            {**broker.client("market-feed"), **change, "error_cb": lambda error, said=said: said.append(error.name())}
        )
        with pytest.raises(KafkaException):
            admin.list_topics(timeout=2)
        admin.poll(1)
        assert "_AUTHENTICATION" in said


def test_topics_are_as_the_catalog_says(broker: Broker):
    there = broker.admin().list_topics(timeout=10).topics
    partitions = {name: len(topic.partitions) for name, topic in there.items() if not name.startswith("__")}
    assert partitions == {name: topic.partitions for name, topic in CATALOG.topics.items()}


def test_what_was_acknowledged_is_there_after_the_broker_was_killed(broker: Broker):
    broker.create_topics("killed", partitions=3)
    written = {str(number).encode() for number in range(5000)}
    broker.write("killed", ((value, value) for value in written))
    broker.kill()
    broker.start()
    assert {record.value() for record in broker.read("killed")} == written
