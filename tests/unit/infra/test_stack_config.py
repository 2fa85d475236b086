import pytest
from hypothesis import HealthCheck, given, settings

from infra.config import StackConfig, load_stack_config
from infra.core.errors import ConfigurationError
from infra.stacks.files import read_catalog, read_policies
from infra.stacks.plan import Plan, make_plan
from infra.stacks.platform import PROFILES
from tests.support.environments import MISTAKES, BrokenEnvironment, Environment, broken, broken_environments
from tests.support.environments import valid_environments as valid
from tests.support.pulumi_mocks import EMULATOR, configuration

CATALOG = read_catalog()
POLICIES = read_policies()
PRODUCTION = Environment("prod", configuration("prod"))
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def plan(stack: str, values: dict) -> Plan:
    config = load_stack_config(values, stack)
    profile = PROFILES[config.environment]
    return make_plan(
        config, CATALOG, profile, tag_of=lambda _: "0123456789ab", policies=POLICIES, file=f"Pulumi.{stack}.yaml"
    )


def refusal(stack: str, values: dict, **options: list[str]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_stack_config(values, stack, **options)
    return str(caught.value)


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_the_committed_configuration_of_each_stack_is_accepted(stack: str):
    assert load_stack_config(configuration(stack), stack).environment == stack


@QUICK
@given(valid())
def test_every_valid_environment_can_be_planned(environment: Environment):
    assert plan(environment.stack, environment.values).tenancy.namespaces


@QUICK
@given(broken_environments())
def test_every_broken_environment_is_refused_with_the_name_of_its_key(environment: BrokenEnvironment):
    with pytest.raises(ConfigurationError) as caught:
        plan(environment.stack, environment.values)
    assert environment.key in {part for problem in caught.value.problems for part in _keys(problem.field)}


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_each_mistake_is_refused_with_file_field_limit_and_fix(mistake: str):
    environment = broken(PRODUCTION, mistake)
    with pytest.raises(ConfigurationError) as caught:
        plan(environment.stack, environment.values)
    problems = [p for p in caught.value.problems if environment.key in _keys(p.field)]
    assert problems, str(caught.value)
    for problem in problems:
        assert problem.file == "Pulumi.prod.yaml"
        assert problem.value
        assert problem.limit
        assert problem.fix


def _keys(field: str) -> set[str]:
    parts = field.split(".")
    return {".".join(parts[: count + 1]) for count in range(len(parts))}


def test_an_unknown_key_is_refused_with_the_key_that_was_meant():
    assert "Did you mean tenants?" in refusal("prod", PRODUCTION.values | {"tenents": []})


def test_an_unknown_field_is_refused_with_the_field_that_was_meant():
    values = configuration("prod")
    values["streaming"] = values["streaming"] | {"broker": {"cpu": "1", "memry": "1Gi"}}
    assert "Did you mean memory?" in refusal("prod", values)


def test_all_problems_are_told_at_once():
    text = refusal("prod", PRODUCTION.values | {"owner": "no good", "tenents": [], "quota": {"cpu": "x"}})
    assert all(field in text for field in ("owner", "tenents", "quota.cpu", "quota.memory"))


@pytest.mark.parametrize(
    ("field", "section"),
    [
        ("streaming.brokers", {"streaming": {"brokers": 1, "replication": 1, "minInSync": 1}}),
        ("streaming.replication", {"streaming": {"replication": 2, "minInSync": 1}}),
        ("streaming.minInSync", {"streaming": {"minInSync": 1}}),
        ("availability.zones", {"availability": {"zones": 2}}),
        ("streamGateway.minReplicas", {"streamGateway": {"minReplicas": 1}}),
        ("schemaRegistry.minReplicas", {"schemaRegistry": {"minReplicas": 1, "maxReplicas": 1}}),
        ("cluster.context", {"cluster": {"kind": "kubeconfig", "context": None}}),
    ],
)
def test_production_is_refused_when_the_loss_of_one_thing_would_be_an_outage(field: str, section: dict):
    values = configuration("prod")
    for key, change in section.items():
        values[key] = values[key] | change
    assert field in refusal("prod", values)


def test_local_has_one_broker():
    values = configuration("local")
    values["streaming"] = values["streaming"] | {"brokers": 3}
    assert "streaming.brokers is 3: must be 1" in refusal("local", values)


def test_local_never_touches_a_real_account():
    account = {"accountId": "111122223333", "region": "us-east-1"}
    assert "aws.endpoint is missing" in refusal("local", configuration("local", aws=account))
    emulated = {key: value for key, value in EMULATOR.items() if key != "endpoint"}
    assert load_stack_config(configuration("local", aws=emulated), "local").aws


def test_outside_local_an_account_is_required():
    assert "aws is missing" in refusal("dev", configuration("dev", aws=None))


def test_as_many_in_sync_as_copies_is_refused_because_no_broker_could_be_restarted():
    values = configuration("dev")
    values["streaming"] = values["streaming"] | {"minInSync": 3}
    assert "no broker could be restarted" in refusal("dev", values)


def test_a_registry_is_not_autoscaled():
    values = configuration("dev")
    values["schemaRegistry"] = values["schemaRegistry"] | {"maxReplicas": 5}
    assert "schemaRegistry.maxReplicas" in refusal("dev", values)


def test_a_password_is_never_shown():
    text = refusal("dev", configuration("dev", credentials={"analytics": "canary"}))
    assert "credentials.analytics is [secret]" in text
    assert "canary" not in text


def test_the_value_of_a_key_that_was_set_as_a_secret_is_never_shown():
    assert "canary" not in refusal("dev", configuration("dev", owner="canary !"), secret=["owner"])


def test_a_password_that_a_shell_would_have_to_quote_is_refused():
    text = refusal("dev", configuration("dev", credentials={"analytics": 'canary"canary"canary'}))
    assert "letters, digits" in text
    assert "canary" not in text


def test_one_field_can_be_overridden_by_its_dotted_key():
    values = configuration("prod") | {"operators.mode": "crds-only", "aws.endpoint": "http://127.0.0.1:5000"}
    config = load_stack_config(values, "prod")
    assert config.operators.mode == "crds-only"
    assert config.aws
    assert config.aws.endpoint == "http://127.0.0.1:5000"
    assert config.aws.account_id == configuration("prod")["aws"]["accountId"]


def test_an_account_that_yaml_took_for_a_number_keeps_its_leading_zeros():
    config = load_stack_config(configuration("dev", aws={"accountId": 12345, "region": "us-east-1"}), "dev")
    assert config.aws
    assert config.aws.account_id == "000000012345"


def test_a_stack_of_another_name_must_say_which_environment_it_is():
    assert "environment is missing" in refusal("review-17", configuration("dev"))
    assert load_stack_config(configuration("dev", environment="dev"), "review-17").environment == "dev"


def test_every_field_of_the_configuration_is_described():
    assert [name for name, field in StackConfig.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(("cpu", "memory"), [("30", "400Gi"), ("200", "60Gi")])
def test_a_quota_smaller_than_what_runs_in_it_names_the_workload_and_by_how_much(cpu: str, memory: str):
    with pytest.raises(ConfigurationError) as caught:
        plan("prod", configuration("prod", quota={"cpu": cpu, "memory": memory}))
    text = str(caught.value)
    assert "Pulumi.prod.yaml: quota is" in text
    assert "more than there is" in text
    assert "platform-streaming/kafka-broker (" in text
    assert "no longer fits" in text


def test_a_topic_with_more_copies_than_brokers_is_refused_where_it_stands():
    topic = CATALOG.topics["OUTAGES"].model_copy(update={"replication": 5})
    catalog = type(CATALOG)(**{**vars(CATALOG), "topics": {**CATALOG.topics, "OUTAGES": topic}})
    config = load_stack_config(configuration("prod"), "prod")
    with pytest.raises(ConfigurationError, match=r"topics\.yaml: topics\.OUTAGES\.replication is 5"):
        make_plan(config, catalog, PROFILES["prod"], tag_of=lambda _: "x", policies=POLICIES, file="Pulumi.prod.yaml")


def test_tenants_that_take_more_than_everything_are_refused():
    tenants = {name: tenant.model_copy(update={"quota_percent": 50}) for name, tenant in CATALOG.tenants.items()}
    catalog = type(CATALOG)(**{**vars(CATALOG), "tenants": tenants})
    config = load_stack_config(configuration("prod"), "prod")
    with pytest.raises(ConfigurationError, match="the tenants' shares"):
        make_plan(config, catalog, PROFILES["prod"], tag_of=lambda _: "x", policies=POLICIES, file="Pulumi.prod.yaml")
