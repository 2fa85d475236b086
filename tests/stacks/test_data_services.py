"""The database, the cache and the backups as the program registers them for dev and prod."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.components.edge.mesh_layout import namespace_manifests, wiring_manifests
from infra.config import load_stack_config
from infra.core.catalog.images import Image
from infra.core.labels import Ownership
from infra.core.wiring import default_deny, wire
from infra.core.workload.manifests import network_manifests
from infra.core.workload.spec import Resources, WorkloadSpec
from infra.stacks.data_services_plan import data_services
from infra.stacks.files import read_catalog
from infra.stacks.platform import PROFILES
from policies.cli import main as policies
from sandbox.engine.diff import diff
from sandbox.engine.provider import Target
from sandbox.engine.providers.recorded.listing import recorded_types
from sandbox.engine.providers.recorded.provider import RecordedProvider
from tests.support.pulumi_mocks import Registered, Rendered, configuration
from tests.support.renders import rendered

AWS_STACKS = pytest.mark.parametrize("stack", ["dev", "prod"])
STATEFUL = ("database-instance", "cache-replication-group", "backup-vault")
KEYS = ("database-key", "cache-key", "backup-key")
COPIES = "arn:aws:backup:us-west-2:444455556666:backup-vault:copies"


def section(name: str, stack: str = "prod", **changes: Any) -> dict[str, Any]:
    return {name: configuration(stack)[name] | changes}


def backed_up() -> Rendered:
    """Prod with each class of backups, copies of them, and a vault that is locked for ever."""
    classes = {"database": 35, "objects": 30, "volumes": 14}
    return rendered("prod", **section("backup", classes=classes, copyTo=COPIES, lock="compliance"))


def services(found: Rendered) -> Iterator[Registered]:
    for resource in found.resources:
        if resource.type.split(":")[1].partition("/")[0] in ("rds", "elasticache", "backup"):
            yield resource


@AWS_STACKS
def test_data_is_encrypted_with_keys_of_its_own_and_reached_by_the_cluster_only(stack: str):
    found = rendered(stack)
    database, memory = found.named("database-instance").inputs, found.named("cache-replication-group").inputs
    assert database["storageEncrypted"] is True
    assert database["publiclyAccessible"] is False
    own = ("kmsKeyId", "masterUserSecretKmsKeyId", "performanceInsightsKmsKeyId")
    assert {database[key] for key in own} == {"arn:aws:mock:::database-key"}
    assert memory["atRestEncryptionEnabled"] is True
    assert memory["kmsKeyId"] == "arn:aws:mock:::cache-key"
    assert found.named("backup-vault").inputs["kmsKeyArn"] == "arn:aws:mock:::backup-key"
    for name, port in (("database", 5432), ("cache", 6379)):
        group, rule = found.named(f"{name}-group").inputs, found.named(f"{name}-from-cluster").inputs
        assert not group.get("ingress")
        assert not group.get("egress")
        assert rule["referencedSecurityGroupId"] == "sg-cluster"
        assert (rule["fromPort"], rule["toPort"], "cidrIpv4" in rule) == (port, port, False)
        assert found.named(f"{name}-subnets").inputs["subnetIds"] == [f"network-private-{z}_id" for z in "abc"]


@AWS_STACKS
def test_clients_must_use_tls_and_say_who_they_are(stack: str):
    found = rendered(stack)
    parameters = {p["name"]: p["value"] for p in found.named("database-parameters").inputs["parameters"]}
    assert parameters["rds.force_ssl"] == "1"
    memory = found.named("cache-replication-group").inputs
    assert (memory["transitEncryptionEnabled"], memory["transitEncryptionMode"]) == (True, "required")
    assert memory["userGroupIds"] == [f"analytics-platform-{stack}"]
    users = {user.inputs["userName"]: user.inputs for user in found.of_type("elasticache/user:User")}
    assert users["default"]["accessString"].startswith("off ")
    passwords = [str(user["authenticationMode"]["passwords"]) for user in users.values()]
    assert len({*passwords}) == len(users) > 1


@AWS_STACKS
def test_no_program_knows_the_databases_password_and_those_of_the_cache_are_secrets(stack: str):
    found = rendered(stack)
    database = found.named("database-instance").inputs
    assert database["manageMasterUserPassword"] is True
    assert not {"password", "passwordWo"} & database.keys()
    for user in found.of_type("elasticache/user:User"):
        assert "4dabf18193072939515e22adb298388d" in str(user.request.object["authenticationMode"]), user.name


@AWS_STACKS
def test_data_and_its_keys_are_kept_and_protected(stack: str):
    for name in (*STATEFUL, *KEYS):
        request = rendered(stack).named(name).request
        assert request.protect, name
        assert request.retainOnDelete, name
    database = rendered(stack).named("database-instance").inputs
    assert (database["deletionProtection"], database["skipFinalSnapshot"]) == (True, False)
    assert database["finalSnapshotIdentifier"] == f"analytics-platform-{stack}-final"
    assert database["deleteAutomatedBackups"] is False


def test_production_outlives_a_zone_and_keeps_two_weeks_and_its_vault_is_locked():
    found = rendered("prod")
    database, memory = found.named("database-instance").inputs, found.named("cache-replication-group").inputs
    assert (database["multiAz"], database["backupRetentionPeriod"]) == (True, 14)
    assert (memory["automaticFailoverEnabled"], memory["multiAzEnabled"], memory["numCacheClusters"]) == (True, True, 2)
    assert found.named("backup-lock").inputs == {"backupVaultName": "analytics-platform-prod", "minRetentionDays": 7}
    assert not rendered("dev").of_type("VaultLockConfiguration")


def test_a_lock_for_ever_leaves_three_days_to_think_again():
    lock = backed_up().named("backup-lock")
    assert lock.inputs["changeableForDays"] == 3


@AWS_STACKS
def test_what_is_backed_up_is_selected_by_its_tag_and_failures_are_heard_of(stack: str):
    found = rendered(stack)
    assert found.named("database-instance").inputs["tags"]["Backup"] == "database"
    selection = found.named("backup-database-selection").inputs
    assert selection["selectionTags"] == [{"type": "STRINGEQUALS", "key": "Backup", "value": "database"}]
    assert found.named("backup-notifications").inputs["backupVaultEvents"][0] == "BACKUP_JOB_COMPLETED"
    contact = found.named("backup-contact-0").inputs
    assert contact["endpoint"] == configuration(stack)["watch"]["emails"][0]
    assert json.loads(contact["filterPolicy"]) == {"State": [{"anything-but": "COMPLETED"}]}


def test_each_class_has_a_plan_and_a_copy_where_one_is_wanted():
    plans = backed_up().of_type("backup/plan:Plan")
    kept = {plan.name: plan.inputs["rules"][0]["lifecycle"]["deleteAfter"] for plan in plans}
    assert kept == {"backup-database-plan": 35, "backup-objects-plan": 30, "backup-volumes-plan": 14}
    for plan in plans:
        (copy,) = plan.inputs["rules"][0]["copyActions"]
        assert copy["destinationVaultArn"] == COPIES


def test_only_what_a_class_is_given_for_carries_the_tag_that_its_plan_looks_for():
    plain = rendered("prod")
    assert "Backup" not in (plain.named("object-store-bucket").inputs.get("tags") or {})
    (volumes,) = plain.of_type("StorageClass")
    assert "tagSpecification_1" not in volumes.inputs["parameters"]
    tagged = backed_up()
    assert tagged.named("object-store-bucket").inputs["tags"]["Backup"] == "objects"
    (volumes,) = tagged.of_type("StorageClass")
    assert volumes.inputs["parameters"]["tagSpecification_1"] == "Backup=volumes"


def test_without_its_section_nothing_of_a_service_is_declared():
    assert not [*services(rendered("prod", database=None, cache=None, backup=None, applications=None))]
    elsewhere = rendered("prod", cluster={"kind": "kubeconfig", "context": "ours"}, applications=None)
    assert {resource.type.split(":")[1].partition("/")[0] for resource in services(elsewhere)} == {"backup"}


@AWS_STACKS
def test_the_outputs_say_where_to_connect_and_where_the_password_is(stack: str):
    outputs = rendered(stack).outputs
    assert outputs["databaseHost"] == "mock.rds"
    assert outputs["databaseSecretArn"] == "arn:aws:mock:::database-password"
    assert outputs["cacheHost"] == "mock.cache"
    assert "cacheSecretArn" not in outputs
    assert outputs["backupVault"] == f"analytics-platform-{stack}"


def test_a_workload_that_uses_them_gets_the_way_there_and_breaks_no_rule(tmp_path: Path, capsys: Any):
    config = load_stack_config(configuration("prod"), "prod")
    plan = data_services(config, PROFILES["prod"], read_catalog().prices, file="Pulumi.prod.yaml")
    ownership = Ownership(environment="prod", owner="ml", cost_centre="cc-1")
    tracker = WorkloadSpec(
        name="tracker",
        namespace="platform-ml",
        component="ml",
        kind="job",
        ownership=ownership,
        image=Image(repository="example/tracker", tag="1.2.3", user=1000, group=1000, source="a test"),
        resources=Resources(cpu_request=100, cpu_limit=200, memory=128 * 1024**2),
        uses=tuple(plan.offers("prod").values()),
    )
    wiring = wire([tracker.member()], namespaces=["platform-ml"], users={})
    own = [manifest for _, manifest in network_manifests(tracker)]
    assert {policy["spec"]["egress"][0]["ports"][0]["port"] for policy in own} == {5432, 6379}
    subnets = {peer["ipBlock"]["cidr"] for policy in own for peer in policy["spec"]["egress"][0]["to"]}
    assert subnets == {"10.20.0.0/19", "10.20.32.0/19", "10.20.64.0/19"}
    entries = [manifest for _, manifest in wiring_manifests(wiring, ownership)]
    assert {entry["kind"] for entry in entries} == {"ServiceEntry"}
    namespace = [manifest for _, manifest in namespace_manifests("platform-ml", ownership)]
    for index, manifest in enumerate([*own, *entries, *namespace, default_deny("platform-ml")]):
        (tmp_path / f"{index}.yaml").write_text(yaml.safe_dump(manifest))
    assert policies(["check", str(tmp_path), "--stack", "prod", "--pack", "network"]) == 0, capsys.readouterr().out


def test_no_change_of_settings_makes_a_new_database_cache_or_vault():
    """What the schemas of CloudFormation call create-only stays the same over two releases with other settings."""
    after = rendered(
        "prod",
        **section("database", version="18", instanceClass="db.t4g.small", storage="60Gi", backupDays=35),
        **section("cache", version="9.0", nodeType="cache.t4g.micro", replicas=2, snapshotDays=14),
        **section("backup", classes={"database": 60, "volumes": 7}, lock="compliance"),
    )
    provider = RecordedProvider("444455556666", "us-east-1", "aws")
    changed = set()
    for resource in services(after):
        before = [old for old in rendered("prod").resources if old.name == resource.name]
        if resource.type in recorded_types() and before and ":ParameterGroup" not in resource.type:
            changes = diff(dict(before[0].inputs), dict(resource.inputs))
            changed |= {resource.name} if changes else set()
            target = Target(resource.urn, resource.type, resource.name)
            replaced = provider.replaces(target, changes, dict(before[0].inputs), dict(resource.inputs))
            assert replaced == set(), resource.name
    assert {"database-instance", "cache-replication-group", "backup-database-plan"} <= changed
