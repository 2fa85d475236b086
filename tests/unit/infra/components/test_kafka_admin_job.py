import json

from kafka_admin.declaration import Declaration, Permission

from infra.components.streaming import kafka_admin, single_broker
from infra.components.streaming.single_broker import SingleBrokerArgs
from infra.core.workload.spec import WorkloadSpec
from infra.stacks.files import read_catalog
from tests.support.single_brokers import single_broker_args

CATALOG = read_catalog()
ARGS = single_broker_args(CATALOG)
DECLARED = Declaration.model_validate_json(kafka_admin.declaration(CATALOG.topics, CATALOG.users))


def job(args: SingleBrokerArgs = ARGS, **change: object) -> WorkloadSpec:
    given = {"topics": CATALOG.topics, "users": CATALOG.users, **change}
    return kafka_admin.admin_spec(args, single_broker.access(), **given)


def test_every_topic_of_the_catalog_is_declared_with_its_partitions_and_settings():
    assert DECLARED.topics.keys() == CATALOG.topics.keys()
    for name, topic in CATALOG.topics.items():
        assert DECLARED.topics[name].partitions == topic.partitions
        assert DECLARED.topics[name].settings["cleanup.policy"] == topic.cleanup


def test_every_user_is_declared_with_the_limits_of_what_it_takes_of_the_broker():
    assert DECLARED.users.keys() == CATALOG.users.keys()
    user = CATALOG.users["analytics"].model_copy(
        update={"produce_rate": 1024, "consume_rate": 2048, "request_percentage": 7}
    )
    limits = json.loads(kafka_admin.declaration({}, {"analytics": user}))["users"]["analytics"]["quotas"]
    assert limits == {"producer_byte_rate": 1024, "consumer_byte_rate": 2048, "request_percentage": 7}


def test_who_writes_in_transactions_may_use_ids_that_begin_with_its_name_and_nobody_else_any():
    granted = {each for each in DECLARED.permissions() if each.resource == "transactional_id"}
    assert granted == {
        Permission(name, "transactional_id", f"{name}-", prefix=True, operation=operation)
        for name, user in CATALOG.users.items()
        if user.transactional
        for operation in ("Write", "Describe")
    }
    assert {each.user for each in granted} == {"prediction-consumer", "stream-analytics"}


def test_the_job_gets_the_password_of_every_user_as_a_file_and_holds_none():
    spec = job()
    mounted = {f"{files.mount_path}/password" for files in spec.secret_files}
    named = {user.password_file for user in DECLARED.users.values()}
    assert mounted == {*named, spec.environment["KAFKA_ADMIN_KAFKA_SASL_PASSWORD_FILE"]}
    assert len(named) == len(CATALOG.users)
    assert not spec.secret_environment


def test_another_catalog_or_another_image_is_another_job_and_the_same_the_same():
    fewer = {name: topic for name, topic in CATALOG.topics.items() if name != "OUTAGES"}
    newer = ARGS.model_copy(update={"admin_image": ARGS.admin_image.model_copy(update={"tag": "1"})})
    names = [spec.name for spec in (job(), job(), job(topics=fewer), job(newer))]
    assert names[0] == names[1]
    assert len(set(names)) == 3
