import re

from infra.components.streaming import single_broker
from infra.core.workload.manifests import workload_manifests
from infra.stacks.files import read_catalog
from tests.support.single_brokers import single_broker_args

CATALOG = read_catalog()
ARGS = single_broker_args(CATALOG)


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


def test_no_password_stands_in_the_script_or_in_the_configuration():
    text = single_broker.server_properties() + single_broker.start_script()
    for found in re.findall(r'password="?([^";,\]]+)', text):
        assert found.startswith("$"), found


def test_the_cluster_has_one_id_per_environment():
    assert re.fullmatch(r"[A-Za-z0-9_]{22}", single_broker.cluster_id("local"))
    assert single_broker.cluster_id("local") != single_broker.cluster_id("dev")


def test_half_of_the_memory_is_heap():
    spec = single_broker.broker_spec(ARGS)
    assert spec.environment["KAFKA_HEAP_OPTS"] == "-Xms512m -Xmx512m"
    assert dict(workload_manifests(spec))["statefulset"]["spec"]["replicas"] == 1
