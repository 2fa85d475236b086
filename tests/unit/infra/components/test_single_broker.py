import re

from infra.components.streaming import single_broker
from infra.components.streaming.single_broker import SingleBrokerArgs
from infra.core.labels import Ownership
from infra.core.quantity import gibibytes
from infra.core.workload.manifests import workload_manifests
from infra.stacks.files import read_catalog

CATALOG = read_catalog()
ARGS = SingleBrokerArgs(
    image=CATALOG.images["kafka"],
    ownership=Ownership(environment="local", owner="team", cost_centre="cc-1"),
    cpu=500,
    memory=gibibytes(1),
    storage=gibibytes(5),
)
ACCESS = single_broker.access()
SCRIPT = list(single_broker.topics_script(ACCESS, CATALOG.topics, CATALOG.users))


def test_clients_must_authenticate_and_nothing_is_allowed_unless_said():
    settings = dict(line.split("=", 1) for line in single_broker.server_properties().splitlines())
    assert settings["listener.security.protocol.map"].startswith("CLIENTS:SASL_PLAINTEXT")
    assert settings["sasl.enabled.mechanisms"] == "SCRAM-SHA-512"
    assert settings["allow.everyone.if.no.acl.found"] == "false"
    assert settings["auto.create.topics.enable"] == "false"
    assert settings["unclean.leader.election.enable"] == "false"


def test_what_needs_no_password_listens_on_loopback_only():
    settings = dict(line.split("=", 1) for line in single_broker.server_properties().splitlines())
    for listener in settings["listeners"].split(","):
        name, address = listener.split("://")
        assert name == "CLIENTS" or address.startswith("localhost:")


def test_no_password_stands_in_a_script_or_in_the_configuration():
    text = "\n".join([*SCRIPT, single_broker.server_properties(), single_broker.start_script()])
    for found in re.findall(r'password="?([^";,\]]+)', text):
        assert found.startswith("$"), found


def test_every_topic_is_created_with_its_partitions_and_settings():
    text = "\n".join(SCRIPT)
    for name, topic in CATALOG.topics.items():
        assert f"--create --if-not-exists --topic {name} --partitions {topic.partitions} " in text
        assert f"--entity-name {name} --add-config cleanup.policy={topic.cleanup}" in text


def test_every_user_gets_a_password_and_its_own_permissions():
    for name in CATALOG.users:
        lines = [line for line in SCRIPT if f"User:{name} " in line or f"--entity-name {name} " in line]
        assert any(f"password=${single_broker.password_variable(name)}]" in line for line in lines)
        assert any("kafka-acls.sh" in line for line in lines)


def test_every_user_is_limited_in_what_it_takes_of_the_broker():
    user = CATALOG.users["analytics"].model_copy(
        update={"produce_rate": 1024, "consume_rate": 2048, "request_percentage": 7}
    )
    lines = [*single_broker.topics_script(ACCESS, CATALOG.topics, {"analytics": user})]
    quotas = "--add-config producer_byte_rate=1024,consumer_byte_rate=2048,request_percentage=7"
    assert sum("--entity-name analytics" in line and line.endswith(quotas) for line in lines) == 1


def test_the_job_knows_the_password_of_every_user():
    spec = single_broker.topics_spec(ARGS, ACCESS, CATALOG.topics, CATALOG.users)
    used = set(re.findall(r"\$([A-Z_]+_PASSWORD)", "\n".join(SCRIPT)))
    assert used == set(spec.secret_environment)


def test_another_catalog_is_another_job_and_the_same_catalog_the_same():
    fewer = {name: topic for name, topic in CATALOG.topics.items() if name != "OUTAGES"}
    one = single_broker.topics_spec(ARGS, ACCESS, CATALOG.topics, CATALOG.users)
    same = single_broker.topics_spec(ARGS, ACCESS, CATALOG.topics, CATALOG.users)
    other = single_broker.topics_spec(ARGS, ACCESS, fewer, CATALOG.users)
    assert one.name == same.name
    assert one.name != other.name


def test_the_cluster_has_one_id_per_environment():
    assert re.fullmatch(r"[A-Za-z0-9_]{22}", single_broker.cluster_id("local"))
    assert single_broker.cluster_id("local") != single_broker.cluster_id("dev")


def test_half_of_the_memory_is_heap():
    spec = single_broker.broker_spec(ARGS)
    assert spec.environment["KAFKA_HEAP_OPTS"] == "-Xms512m -Xmx512m"
    assert dict(workload_manifests(spec))["statefulset"]["spec"]["replicas"] == 1
