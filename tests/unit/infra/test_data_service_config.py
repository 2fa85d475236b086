"""What the configuration of databases, caches and backups must look like, and what is planned from it."""

from typing import Any

import pytest

from infra.config import load_stack_config
from infra.core.errors import ConfigurationError
from infra.stacks.data_services_plan import DataServices, data_services
from infra.stacks.files import read_catalog
from infra.stacks.platform import PROFILES
from tests.support.pulumi_mocks import configuration

PRICES = read_catalog().prices
COPIES = "arn:aws:backup:us-west-2:444455556666:backup-vault:copies"


def section(name: str, stack: str = "prod", **changes: Any) -> dict[str, Any]:
    return {name: configuration(stack)[name] | changes}


def refusal(stack: str, **overrides: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_stack_config(configuration(stack, **overrides), stack)
    return str(caught.value)


def planned(stack: str = "prod", **overrides: Any) -> DataServices:
    config = load_stack_config(configuration(stack, **overrides), stack)
    return data_services(config, PROFILES[config.environment], PRICES, file=f"Pulumi.{stack}.yaml")


@pytest.mark.parametrize(
    ("name", "field", "value", "words"),
    [
        ("database", "version", "9", "database.version"),
        ("database", "instanceClass", "t4g.medium", "database.instanceClass"),
        ("database", "storage", "19Gi", "database.storage"),
        ("database", "storage", "20.5Gi", "must be whole GiB, such as 100Gi"),
        ("database", "backupDays", 36, "database.backupDays"),
        ("database", "storageLimit", "54Gi", "must be 10 % or more above database.storage (50Gi)"),
        ("database", "password", "x", "unknown key"),
        ("cache", "version", "7.0", "cache.version"),
        ("cache", "nodeType", "db.t4g.small", "cache.nodeType"),
        ("cache", "replicas", 6, "cache.replicas"),
        ("cache", "snapshotDays", 0, "cache.snapshotDays"),
        ("backup", "classes", {}, "backup.classes"),
        ("backup", "classes", {"database": 6}, "backup.classes.database"),
        ("backup", "classes", {"tapes": 30}, "backup.classes.tapes"),
        ("backup", "lock", "strict", "backup.lock"),
        ("backup", "copyTo", "somewhere", "backup.copyTo"),
    ],
)
def test_a_field_that_cannot_be_is_refused_by_name(name: str, field: str, value: Any, words: str):
    assert words in refusal("prod", **section(name, **{field: value}))


@pytest.mark.parametrize(
    ("name", "field", "value", "words"),
    [
        ("database", "multiAz", False, "database.multiAz is false: must be true in prod"),
        ("database", "backupDays", 6, "database.backupDays is 6: must be at least 7 in prod"),
        ("cache", "replicas", 0, "cache.replicas is 0: must be at least 1 in prod"),
        ("cache", "snapshotDays", 6, "cache.snapshotDays is 6: must be at least 7 in prod"),
        ("backup", "lock", "none", "backup.lock is none: must be governance or compliance in prod"),
        ("backup", "classes", {"objects": 30}, "backup.classes.database is missing: required in prod with a database"),
    ],
)
def test_production_refuses_what_loses_data_or_stops_with_a_zone_and_dev_takes_it(
    name: str, field: str, value: Any, words: str
):
    message = refusal("prod", **section(name, **{field: value}))
    assert words in message
    assert "Pulumi.prod.yaml" in message
    load_stack_config(configuration("dev", **section(name, "dev", **{field: value})), "dev")


def test_a_database_without_any_backup_section_is_refused_in_production_only():
    assert "backup.classes.database is missing" in refusal("prod", backup=None)
    load_stack_config(configuration("dev", backup=None), "dev")


def test_backups_need_an_account():
    local = configuration("local", **section("backup"))
    with pytest.raises(ConfigurationError, match="backup is given: only with an AWS account"):
        load_stack_config(local, "local")


def test_a_machine_without_a_price_is_refused_with_the_row_that_is_missing():
    with pytest.raises(ConfigurationError, match=r"database\.instanceClass is db\.r7g\.large: .* no row db-r7g-large"):
        planned(**section("database", instanceClass="db.r7g.large"))
    with pytest.raises(ConfigurationError, match=r"cache\.nodeType .* Did you mean cache-t4g-small-valkey\?"):
        planned(**section("cache", nodeType="cache.t4g.smal"))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_everything_that_the_committed_services_use_has_a_price(stack: str):
    assert all(PRICES.usd(usage.price) >= 0 for usage in planned(stack).usages())


def test_no_section_no_service_and_a_cluster_of_others_has_no_network_for_them():
    none = planned("dev", database=None, cache=None, backup=None, applications=None)
    assert none == DataServices()
    assert not [*none.usages(), *none.left_out(), *none.offers("dev")]
    elsewhere = planned("dev", cluster={"kind": "kubeconfig", "context": "ours"}, applications=None)
    assert (elsewhere.database, elsewhere.cache) == (None, None)
    assert elsewhere.backup is not None


def test_who_is_told_of_everything_is_told_of_backups_that_fail():
    config = load_stack_config(configuration("prod"), "prod")
    backup, silent = planned().backup, planned("dev", watch=None).backup
    assert config.watch
    assert backup
    assert silent
    assert backup.contacts == config.watch.emails
    assert silent.contacts == ()


def test_what_the_estimate_leaves_out_is_said():
    everything = {"classes": {"database": 35, "objects": 30}, "copyTo": COPIES}
    said = " ".join(planned(**section("backup", **everything)).left_out())
    assert "AWS Backup's copies of objects and volumes" in said
    assert "copies of backups in another vault" in said
    assert "AWS Backup's" not in " ".join(planned().left_out())


def test_services_are_offered_under_their_ports_in_the_private_subnets_only():
    config = load_stack_config(configuration("prod"), "prod")
    offers = planned().offers(config.environment)
    assert {name: str(offer) for name, offer in offers.items()} == {
        "database": "database.prod.managed.internal:5432",
        "cache": "cache.prod.managed.internal:6379",
    }
    assert {block.partition("/")[0] for block in offers["database"].blocks} == {"10.20.0.0", "10.20.32.0", "10.20.64.0"}
