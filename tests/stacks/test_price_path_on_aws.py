"""The price path of dev and prod, whose stores AWS runs: who reaches them, as whom, and what they are told."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from infra.components.features import postgresql, redis
from infra.config import load_stack_config
from infra.core.errors import ConfigurationError
from infra.core.wiring import database_grants
from infra.stacks.files import read_catalog, read_policies
from infra.stacks.plan import Plan, make_plan
from infra.stacks.platform import PROFILES
from tests.support.iam_evaluator import Request, allows
from tests.support.pulumi_mocks import Registered, configuration
from tests.support.renders import render, rendered

# Importing any class of the AWS SDK builds its deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

AWS_STACKS = pytest.mark.parametrize("stack", ["dev", "prod"])
SECRET_MARK = "4dabf18193072939515e22adb298388d"
CALLER = "system:serviceaccount:platform-streaming:prediction-consumer"


def plan(stack: str) -> Plan:
    return render(stack).plan


def outside(stack: str, service: str) -> dict[str, str | None]:
    """As whom each client uses a service that AWS runs."""
    host = f"{service}.{stack}.managed.internal"
    found = [edge for edge in plan(stack).wiring.outside if edge.target.host == host]
    return {str(edge.client): edge.login.name if edge.login else None for edge in found}


def container(stack: str, name: str) -> dict[str, Any]:
    kinds = ("Deployment", "StatefulSet", "Job")
    (found,) = [
        each.inputs["spec"]["template"]["spec"]
        for each in rendered(stack).kubernetes()
        if each.inputs["kind"] in kinds and each.inputs["metadata"]["name"] == name
    ]
    return {**found["containers"][0], "volumes": found.get("volumes") or []}


def variables(stack: str, name: str) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container(stack, name)["env"]}


def of_kind(stack: str, kind: str) -> list[Registered]:
    return [each for each in rendered(stack).kubernetes() if each.inputs["kind"] == kind]


@AWS_STACKS
def test_the_database_is_used_by_its_clients_each_as_its_own_role_and_by_the_job_that_makes_them(stack: str):
    assert outside(stack, "database") == {
        "platform-features/database-admin": None,
        "platform-features/feature-job": "feature_job",
        "platform-serving/mlflow-server": "mlflow",
        "platform-serving/model-training": "model_training",
    }
    assert outside(stack, "cache") == {"platform-features/feature-job": None, "platform-features/feature-server": None}


@AWS_STACKS
def test_grants_are_those_of_the_local_stack(stack: str):
    local, aws = ({k[1]: v for k, v in grants(each).items()} for each in ("local", stack))
    assert aws == local
    job = next(spec for spec in plan(stack).workloads if spec.name == "feature-job")
    ours = next(spec for spec in plan("local").workloads if spec.name == "feature-job")
    assert job.config_files == ours.config_files


def grants(stack: str) -> dict[tuple[str, str], tuple[str, ...]]:
    wiring = plan(stack).wiring
    return dict(database_grants([*wiring.edges, *wiring.outside]))


@AWS_STACKS
def test_each_client_of_the_cache_has_a_user_with_the_rights_that_it_has_in_the_local_stack(stack: str):
    users = {each.inputs["userName"]: each.inputs for each in rendered(stack).of_type("elasticache/user:User")}
    assert users.keys() == {"default", *redis.USERS}
    assert users["default"]["accessString"].startswith("off ")
    for name, rights in redis.USERS.items():
        assert users[name]["accessString"] == f"on {rights}"
        assert users[name]["accessString"].startswith("on ~features:* resetchannels -@all ")
        assert variables(stack, name)[f"{name.upper().replace('-', '_')}_REDIS_USERNAME"] == name
        (group,) = rendered(stack).of_type("elasticache/userGroup:UserGroup")
        assert users[name]["userId"] in group.inputs["userIds"]
    assert "+@write" not in users["feature-server"]["accessString"]


@AWS_STACKS
def test_the_password_of_a_user_of_the_cache_is_the_one_that_its_client_mounts(stack: str):
    for name in redis.USERS:
        (secret,) = [each for each in of_kind(stack, "Secret") if each.inputs["metadata"]["name"] == f"redis-{name}"]
        (user,) = [each for each in rendered(stack).of_type("elasticache/user:User") if each.inputs["userName"] == name]
        password = base64.b64decode(secret.inputs["data"]["password"]).decode()
        assert user.inputs["authenticationMode"]["passwords"] == [password]
        assert secret.inputs["metadata"]["namespace"] == "platform-features"


@AWS_STACKS
def test_no_password_stands_anywhere_but_in_secrets(stack: str):
    generated = "generated-for-application-passwords"
    encoded = base64.b64encode(generated.encode()).decode().rstrip("=")[:-1]
    for each in rendered(stack).resources:
        if generated in str(each.inputs) or encoded in str(each.inputs):
            hidden = {field for field in each.inputs if SECRET_MARK in str(each.request.object[field])}
            shown = {field: value for field, value in each.inputs.items() if field not in hidden}
            assert generated not in str(shown), each.name
            assert encoded not in str(shown), each.name


@AWS_STACKS
def test_services_learn_where_the_stores_are_from_files_that_are_there_before_they_start(stack: str):
    maps = {
        (each.inputs["metadata"]["namespace"], each.inputs["metadata"]["name"]) for each in of_kind(stack, "ConfigMap")
    }
    for spec in plan(stack).workloads:
        for files in spec.shared_files if spec.component in ("features", "serving") else ():
            assert (spec.namespace, files.config_map) in maps, spec.name
    cache = rendered(stack).named("managed-services-cache-platform-features").inputs["data"]
    assert cache == {"host": "mock.cache"}
    for namespace in ("platform-features", "platform-serving"):
        found = rendered(stack).named(f"managed-services-database-{namespace}").inputs["data"]
        assert found["host"] == "mock.rds"
        assert found["ca.pem"] == read_catalog().authorities["us-east-1"]
    files = [f"managed-services-{name}" for name in ("cache", "database")]
    for name in ("feature-server-deployment", "database-admin-job", "mlflow-server-statefulset"):
        waits = " ".join(rendered(stack).named(name).request.dependencies)
        assert all(file in waits for file in files), name


@AWS_STACKS
def test_connections_to_the_stores_are_encrypted_and_check_the_servers_own_name(stack: str):
    for name in ("feature-job", "model-training", "database-admin"):
        told, mine = variables(stack, name), name.upper().replace("-", "_")
        assert told[f"{mine}_POSTGRES_SSLMODE"] == "verify-full"
        assert told[f"{mine}_POSTGRES_CA_FILE"] == "/etc/database/ca.pem"
        assert told[f"{mine}_POSTGRES_HOST_FILE"] == "/etc/database/host"
        assert f"{mine}_POSTGRES_HOST" not in told
    for name in ("feature-job", "feature-server"):
        told, mine = variables(stack, name), name.upper().replace("-", "_")
        assert (told[f"{mine}_REDIS_TLS"], told[f"{mine}_REDIS_HOST_FILE"]) == ("true", "/etc/cache/host")
    told = variables(stack, "mlflow-server")
    assert {key: told[key] for key in told if key.startswith("PG") and "PASSWORD" not in key} == {
        "PGHOST_FILE": "/etc/database/host",
        "PGPORT": "5432",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/etc/database/ca.pem",
    }
    assert "--backend-store-uri=postgresql://mlflow@/mlflow" in container(stack, "mlflow-server")["args"]
    assert not [each for each in of_kind(stack, "Service") if each.inputs["spec"].get("type") == "ExternalName"]


@AWS_STACKS
def test_the_job_makes_the_roles_and_databases_that_the_local_server_makes_itself(stack: str):
    files = rendered(stack).named("database-admin-config").inputs["data"]
    declared = json.loads(files["declaration.json"])
    assert {name: entry["owner"] for name, entry in declared["databases"].items()} == dict(postgresql.DATABASES)
    assert set(declared["roles"]) == {*postgresql.DATABASES.values(), *postgresql.READERS}
    mounted = {mount["mountPath"] for mount in container(stack, "database-admin")["volumeMounts"]}
    for role in declared["roles"].values():
        assert role["password_file"].rpartition("/")[0] in mounted
    for name in ("feature-job-job", "mlflow-server-statefulset", "model-training-job"):
        waits = rendered(stack).named(name).request.dependencies
        assert [urn for urn in waits if urn.endswith("::database-admin-job")], name


@AWS_STACKS
def test_the_jobs_role_reads_the_administrators_secret_and_no_other(stack: str):
    found = rendered(stack)
    policy = found.named("database-admin-identity-policy").inputs["policy"]
    secret, key = "arn:aws:mock:::database-password", "arn:aws:mock:::database-key"
    via = {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com", "kms:EncryptionContext:SecretARN": secret}
    assert allows(Request("secretsmanager:GetSecretValue", secret), policy)
    assert allows(Request("kms:Decrypt", key, via), policy)
    account = configuration(stack)["aws"]["accountId"]
    for neighbour in (
        f"arn:aws:secretsmanager:us-east-1:{account}:secret:rds!db-another",
        f"arn:aws:secretsmanager:us-east-1:{account}:secret:analytics-platform/{stack}/kafka/market-feed-AbCdEf",
        f"{secret}-AbCdEf",
    ):
        assert not allows(Request("secretsmanager:GetSecretValue", neighbour), policy)
        assert not allows(Request("kms:Decrypt", key, via | {"kms:EncryptionContext:SecretARN": neighbour}), policy)
    assert not allows(Request("secretsmanager:PutSecretValue", secret), policy)
    assert not allows(Request("kms:Decrypt", "arn:aws:mock:::cache-key", via), policy)
    association = found.named("database-admin-identity-database-admin-association")
    job = found.named("database-admin-job")
    assert association.urn in job.request.dependencies
    assert association.inputs["serviceAccount"] == "database-admin"


@AWS_STACKS
def test_servers_of_the_path_take_the_token_of_who_calls_them_and_nobody_elses(stack: str):
    for name in ("feature-server", "model-server"):
        told, mine = variables(stack, name), name.upper().replace("-", "_")
        assert told[f"{mine}_AUTH_WORKLOADS_SUBJECTS"] == CALLER
        assert told[f"{mine}_AUTH_WORKLOADS_AUDIENCE"] == "analytics-platform"
    reaching = {str(member.party) for member in plan(stack).wiring.members if member.api_server and member.serves}
    path = {spec.name for spec in plan(stack).applications.workloads} if plan(stack).applications else set()
    assert {party.partition("/")[2] for party in reaching} & path == {"feature-server", "model-server"}
    told = variables(stack, "prediction-consumer")
    assert told["PREDICTION_CONSUMER_AUTH_TOKEN_FILE"] == "/etc/workload-token/token"
    for name in ("stream-gateway", "prediction-consumer", *(["price-feed"] if stack == "dev" else [])):
        assert not [key for key in variables(stack, name) if "AUTH_WORKLOADS" in key]


@AWS_STACKS
def test_no_pod_gets_a_token_that_nobody_declared(stack: str):
    for kind in ("Deployment", "StatefulSet", "Job"):
        for each in of_kind(stack, kind):
            pod = each.inputs["spec"]["template"]["spec"]
            assert pod["automountServiceAccountToken"] is False
            tokens = [volume for volume in pod.get("volumes") or () if "projected" in volume]
            declared = each.inputs["metadata"]["name"] in ("prediction-consumer", "feature-server", "model-server")
            assert len(tokens) == int(declared), each.name


@AWS_STACKS
def test_what_comes_from_outside_goes_through_the_gateway_as_in_the_catalog_of_routes(stack: str):
    edges = {(edge.client.name, edge.offer.party.name) for edge in plan(stack).wiring.edges}
    assert {("kong", "feature-server"), ("kong", "model-server"), ("prediction-consumer", "model-server")} <= edges
    assert ("kong", "mlflow-server") not in edges
    assert (("kong", "price-feed") in edges) is (stack == "dev")


@AWS_STACKS
def test_readers_of_kafka_scale_by_the_lag_of_what_they_read_and_by_nothing_beside(stack: str):
    scaled = {each.inputs["metadata"]["name"]: each.inputs["spec"] for each in of_kind(stack, "ScaledObject")}
    assert set(scaled) == {"prediction-consumer", "stream-analytics"}
    for name, spec in scaled.items():
        assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 3)
        read = {trigger["metadata"]["topic"] for trigger in spec["triggers"]}
        assert read == set(read_catalog().users[name].consumes)
        assert {trigger["metadata"]["consumerGroup"] for trigger in spec["triggers"]} == {name}
    others = {each.inputs["metadata"]["name"] for each in of_kind(stack, "HorizontalPodAutoscaler")}
    assert not others & set(scaled)
    assert not of_kind("local", "ScaledObject")


@AWS_STACKS
def test_volumes_of_the_path_are_encrypted_with_the_key_of_the_cluster(stack: str):
    for name in ("nats", "mlflow-server"):
        claims = rendered(stack).named(f"{name}-statefulset").inputs["spec"]["volumeClaimTemplates"]
        assert [claim["spec"]["storageClassName"] for claim in claims] == ["encrypted"]


def test_a_region_whose_authorities_nobody_has_is_refused_with_the_file_that_is_missing():
    catalog = read_catalog()
    known = {name: text for name, text in catalog.authorities.items() if name != "us-east-1"}
    config = load_stack_config(configuration("prod"), "prod")
    with pytest.raises(
        ConfigurationError, match=r"Pulumi\.prod\.yaml: aws\.region is us-east-1: .*rds has no us-east-1"
    ) as e:
        make_plan(
            config,
            replace(catalog, authorities=known),
            PROFILES["prod"],
            tag_of=lambda _: "0123456789ab",
            policies=read_policies(),
            file="Pulumi.prod.yaml",
        )
    assert "Add AWS's file." in str(e.value)


def test_other_authorities_are_another_config_map_so_that_pods_start_anew():
    names = {
        entry.config_map for entry in (plan("prod").applications.files.entries if plan("prod").applications else ())
    }
    (database,) = [name for name in names if name.startswith("database-") and name != "database-administrator"]
    assert len(database) == len("database-") + 8
