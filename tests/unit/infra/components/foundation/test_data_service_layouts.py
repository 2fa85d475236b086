"""Settings, documents and usage of the database, the cache and backups."""

import json
from datetime import time
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.components.foundation import backup_layout, cache_layout, database_layout
from infra.components.foundation.backup_layout import CLASSES, HOURS, BackupArgs
from infra.components.foundation.cache_layout import CacheArgs
from infra.components.foundation.database_layout import PARAMETERS, DatabaseArgs
from infra.core.cost.usage import HOURS_A_MONTH

PLACE = {"account_id": "444455556666", "region": "us-east-1", "blocks": ("10.20.0.0/19",)}


def database(**changes: Any) -> DatabaseArgs:
    given: dict[str, Any] = {
        "name": "platform",
        "version": "17",
        "instance_class": "db.t4g.medium",
        "storage_gib": 50,
        "storage_limit_gib": 500,
        "multi_az": True,
        "backup_days": 14,
    }
    return DatabaseArgs(**(given | PLACE | changes))


def cache(**changes: Any) -> CacheArgs:
    given: dict[str, Any] = {
        "name": "platform",
        "version": "8.1",
        "node_type": "cache.t4g.small",
        "replicas": 1,
        "snapshot_days": 7,
    }
    return CacheArgs(**(given | PLACE | changes))


def backup(**changes: Any) -> BackupArgs:
    given: dict[str, Any] = {
        "name": "platform",
        "account_id": "444455556666",
        "region": "us-east-1",
        "classes": {"database": 35},
        "lock": "governance",
        "contacts": ("oncall@example.com",),
        "database_gib": 50,
    }
    return BackupArgs(**(given | changes))


def amounts(args: DatabaseArgs | CacheArgs | BackupArgs) -> dict[str, tuple[Fraction, Fraction]]:
    layouts: dict[type, Any] = {DatabaseArgs: database_layout, CacheArgs: cache_layout, BackupArgs: backup_layout}
    return {usage.item: (usage.typical, usage.survives) for usage in layouts[type(args)].usages(args)}


@settings(max_examples=25)
@given(gib=st.integers(20, 5000), standby=st.booleans(), keep=st.booleans())
def test_a_standby_doubles_machine_and_disk_and_what_is_kept_leaves_a_snapshot(gib: int, standby: bool, keep: bool):
    found = amounts(database(storage_gib=gib, storage_limit_gib=gib * 2, multi_az=standby, keep=keep))
    copies = 2 if standby else 1
    assert found["machine"] == (HOURS_A_MONTH * copies, 0)
    assert found["disk"] == (gib * copies, 0)
    assert found["last snapshot"] == (0, gib if keep else 0)


@settings(max_examples=15)
@given(replicas=st.integers(0, 5))
def test_each_replica_of_a_cache_is_a_machine(replicas: int):
    assert amounts(cache(replicas=replicas))["machines"] == (HOURS_A_MONTH * (1 + replicas), 0)


def test_backups_of_databases_are_counted_at_the_size_of_the_disk_and_outlive_what_they_are_of():
    assert amounts(backup())["backups of databases"] == (50, 50)
    assert "backups of databases" not in amounts(backup(classes={"volumes": 7}))
    assert amounts(backup(keep=False))["backups of databases"] == (50, 0)


def test_rows_of_the_price_table_are_named_after_the_machines():
    assert database_layout.machine_price("db.t4g.small") == "db-t4g-small"
    assert cache_layout.machine_price("cache.t4g.small") == "cache-t4g-small-valkey"


def window(text: str) -> tuple[time, time]:
    begin, end = text.split("-")
    return time.fromisoformat(begin.rpartition("sun:")[2]), time.fromisoformat(end.rpartition("sun:")[2])


def minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def test_backups_and_maintenance_never_meet():
    for layout, kept in ((database_layout, "BACKUP_WINDOW"), (cache_layout, "SNAPSHOT_WINDOW")):
        first, second = window(getattr(layout, kept)), window(layout.MAINTENANCE_WINDOW)
        assert first[1] < second[0]
    for text in (database_layout.BACKUP_WINDOW, database_layout.MAINTENANCE_WINDOW):
        begin, end = (minutes(moment) for moment in window(text))
        assert not begin - 60 <= HOURS["database"] * 60 <= end


def test_classes_begin_at_hours_of_their_own():
    assert len({backup_layout.schedule(kind) for kind in CLASSES}) == len(CLASSES) == len(HOURS)
    assert backup_layout.schedule("database") == "cron(0 4 * * ? *)"


@pytest.mark.parametrize(("name", "value"), [("rds.force_ssl", "1"), ("rds.logical_replication", "1")])
def test_the_server_takes_tls_only_and_lets_changes_be_read(name: str, value: str):
    assert {parameter.name: parameter.value for parameter in PARAMETERS}[name] == value


def test_only_a_static_parameter_waits_for_a_restart():
    assert [parameter.name for parameter in PARAMETERS if parameter.restart] == ["rds.logical_replication"]


def test_keys_of_database_and_cache_serve_their_own_logs_only():
    for policy, place in (
        (database_layout.key_policy(database()), "/aws/rds/instance/platform/"),
        (cache_layout.key_policy(cache()), "/aws/elasticache/platform/"),
    ):
        account, logs = json.loads(policy)["Statement"]
        assert account["Principal"] == {"AWS": "arn:aws:iam::444455556666:root"}
        groups = logs["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]
        assert groups
        assert all(f":444455556666:log-group:{place}" in group for group in groups)


def test_the_vaults_key_serves_aws_backup_for_its_own_topic_only():
    _, news = json.loads(backup_layout.key_policy(backup()))["Statement"]
    assert news["Principal"] == {"Service": "backup.amazonaws.com"}
    topic = "arn:aws:sns:us-east-1:444455556666:platform-backups"
    assert news["Condition"] == {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": topic}}
    allow, deny = json.loads(backup_layout.topic_policy(backup()))["Statement"]
    assert (allow["Resource"], allow["Action"]) == (topic, "sns:Publish")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_aws_backup_of_the_account_may_be_the_role():
    (statement,) = json.loads(backup_layout.role_trust("444455556666"))["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "444455556666"}}


def test_only_rds_watches_and_this_database_only():
    (statement,) = json.loads(database_layout.monitor_trust(database()))["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "444455556666"},
        "StringLike": {"aws:SourceArn": "arn:aws:rds:us-east-1:444455556666:db:platform"},
    }


def test_subscribers_hear_of_everything_but_success():
    assert json.loads(backup_layout.failures_only()) == {"State": [{"anything-but": "COMPLETED"}]}


def test_nobody_logs_in_without_a_name():
    assert cache_layout.NOBODY.startswith("off ")
    assert cache(version="7.2").family == "valkey7"


def test_the_id_of_a_user_is_short_enough_and_no_other_users():
    assert cache_layout.user_id("analytics-platform-prod", "feature-server") == "analytics-platform-prod-feature-server"
    long = {cache_layout.user_id("analytics-platform-prod", f"a-client-with-a-long-name-{n}") for n in range(3)}
    assert len(long) == 3
    assert all(len(name) <= 40 for name in long)
