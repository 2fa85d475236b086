import copy

import pytest

from infra.config import load_stack_config
from infra.core.errors import ConfigurationError
from infra.core.wiring import DatabaseLogin
from infra.core.workload.spec import WorkloadSpec
from infra.stacks.applications_plan import Applications
from infra.stacks.files import read_catalog, read_policies
from infra.stacks.plan import Plan, make_plan
from infra.stacks.platform import PROFILES
from tests.support.pulumi_mocks import configuration

CATALOG, POLICIES = read_catalog(), read_policies()
VALUES = configuration("local")


def plan(values: dict) -> Plan:
    config = load_stack_config(values, "local")
    file = "Pulumi.local.yaml"
    return make_plan(config, CATALOG, PROFILES["local"], tag_of=lambda _: "0123", policies=POLICIES, file=file)


PLAN = plan(VALUES)
assert PLAN.applications is not None
PATH: Applications = PLAN.applications
SPECS = {spec.name: spec for spec in PATH.workloads}
EVERY_SPEC = pytest.mark.parametrize("spec", PATH.workloads, ids=[spec.name for spec in PATH.workloads])


def test_a_stack_without_applications_has_none_of_their_workloads_and_accounts():
    left = plan({**VALUES, "applications": None})
    assert left.applications is None
    assert not {spec.name for spec in left.workloads} & set(SPECS)


@EVERY_SPEC
def test_each_workload_comes_after_those_that_it_uses(spec: WorkloadSpec):
    before = [item.party.key for item in PATH.workloads[: PATH.workloads.index(spec)]]
    own = {item.party.key for item in PATH.workloads}
    assert {edge.offer.party.key for edge in spec.edges()} & own <= set(before)


def test_who_reads_comes_after_the_job_that_fills():
    names = [spec.name for spec in PATH.workloads]
    assert names.index("feature-job") < names.index("feature-server")
    assert names.index("model-training") < names.index("model-server")


@EVERY_SPEC
def test_every_password_that_a_workload_reads_is_made_in_its_namespace(spec: WorkloadSpec):
    made = {(entry.name, home) for entry in PATH.credentials.secrets for home in entry.namespaces}
    kafka = {f"kafka-user-{user}" for user in CATALOG.users}
    read = {reference.secret for reference in spec.secret_environment.values()} | {f.secret for f in spec.secret_files}
    for secret in read - {"platform-identity"}:
        home = PATH.homes.get(secret.removeprefix("kafka-user-"), "platform-streaming")
        assert (secret, spec.namespace) in made or (secret in kafka and home == spec.namespace)


def test_every_password_is_made_where_somebody_reads_it_and_nowhere_else():
    readers = {
        (secret, spec.namespace)
        for spec in PATH.workloads
        for secret in (
            *(reference.secret for reference in spec.secret_environment.values()),
            *(files.secret for files in spec.secret_files),
        )
    }
    assert {(entry.name, home) for entry in PATH.credentials.secrets for home in entry.namespaces} <= readers


def test_the_key_of_tokens_is_where_somebody_mounts_it():
    assert PLAN.own_key is not None
    mounted = {s.namespace for s in PLAN.workloads if any(f.secret == "platform-identity" for f in s.secret_files)}
    assert set(PLAN.own_key.secrets[0].namespaces) == mounted


def test_the_owner_of_the_tables_grants_exactly_what_their_readers_declare():
    job = SPECS["feature-job"]
    assert job.config_files is not None
    grants = job.config_files.files["grants.sql"]
    declared = {
        edge.login.role
        for spec in PATH.workloads
        for edge in spec.edges()
        if isinstance(edge.login, DatabaseLogin) and edge.login.database == "features"
    }
    assert declared == {"feature_job", "model_training"}
    assert 'GRANT SELECT ON ALL TABLES IN SCHEMA "public" TO "model_training";' in grants
    assert '"mlflow"' not in grants


def test_a_tenants_people_may_stream_what_their_kafka_users_read_and_nothing_else():
    variable = "STREAM_GATEWAY_TENANT_TOPICS"
    assert '"external-partner": ["GENERATION_MIX"]' in PLAN.gateway.environment[variable]
    assert (
        '"trading-desk": ["ISO_DA_LMP", "ISO_RT_LMP", "OUTAGES", "ml-predictions"]'
        in (PLAN.gateway.environment[variable])
    )


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("priceRate", -1, "applications.priceRate"),
        ("modelServer", {"replicas": 3, "maxReplicas": 2, "cpu": "1", "memory": "1Gi"}, "maxReplicas must be at least"),
        ("redis", {"cpu": "1", "memory": "1Gi", "storage": "1Mi"}, "applications.redis.storage"),
        ("kafka", {}, "applications.kafka"),
    ],
)
def test_a_mistake_is_named_with_its_field(field: str, value: object, words: str):
    values = copy.deepcopy(VALUES)
    values["applications"][field] = value
    with pytest.raises(ConfigurationError, match=words):
        load_stack_config(values, "local")
