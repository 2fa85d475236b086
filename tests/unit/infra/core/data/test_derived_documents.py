import json
from dataclasses import replace

import jsonschema
import pytest

from infra.core.data.access import ColumnView, expression, readers, stored_columns
from infra.core.data.avro import avro_name
from infra.core.data.catalog_entries import catalog_entries
from infra.core.data.classes import DataClassRules, level, most_sensitive
from infra.core.data.clickhouse_access import (
    CONNECTOR_ROLE,
    DEFINER,
    clickhouse_access,
    clickhouse_grants,
    clickhouse_rights,
)
from infra.core.data.clickhouse_audit import access_log_job, clear_columns
from infra.core.data.clickhouse_tables import clickhouse_table, clickhouse_upgrade
from infra.core.data.dataset import Column
from infra.core.data.great_expectations import expectation_suite
from infra.core.data.iceberg import iceberg_partition_spec, iceberg_schema
from infra.core.data.opa_data import opa_data
from infra.core.data.report import masks_report, retention_report
from infra.core.data.retention import retention_jobs
from infra.core.data.roles import Role
from infra.core.data.subjects import subjects
from infra.core.data.tokenization import tokenization
from infra.core.data.trino_rules import trino_rules
from infra.core.errors import ConfigurationError
from infra.stacks.files import read_catalog

CATALOG = read_catalog()
DATASETS = CATALOG.datasets


def column(column_type: str, column_class: str = "confidential", **more: object) -> Column:
    facts = {"name": "x", "type": column_type, "class": column_class, "description": "of a test"}
    return Column.model_validate(facts | more)


def test_a_class_has_the_level_of_its_family():
    assert level("pii.card") == "pii"
    assert level("internal") == "internal"
    assert most_sensitive(["public", "pii.email", "confidential"]) == "pii"
    assert most_sensitive([]) == "public"


def test_what_a_role_does_not_list_is_hidden_from_it():
    assert CATALOG.roles["partner"].treatment("confidential") == "hidden"
    assert CATALOG.roles["partner"].treatment("pii.something-new") == "hidden"


def test_nothing_is_selected_of_a_hidden_column():
    rules = CATALOG.classes["confidential"]
    with pytest.raises(ValueError, match="x is hidden from this role"):
        expression(ColumnView(column("string"), "hidden"), rules, "trino")


@pytest.mark.parametrize(
    ("column_type", "clickhouse", "trino"),
    [
        ("decimal(12,4)", "CAST(NULL AS Nullable(Decimal(12, 4)))", "CAST(NULL AS decimal(12,4))"),
        ("int64", "CAST(NULL AS Nullable(Int64))", "CAST(NULL AS bigint)"),
        ("list<string>", "CAST([] AS Array(String))", "CAST(NULL AS array(varchar))"),
        ("date", "makeDate32(toYear(`x`), 1, 1)", "date_trunc('year', \"x\")"),
        ("uuid", "CAST(NULL AS Nullable(UUID))", "CAST(NULL AS uuid)"),
    ],
)
def test_what_is_no_text_is_masked_by_leaving_it_out(column_type: str, clickhouse: str, trino: str):
    view = ColumnView(column(column_type), "masked")
    rules = CATALOG.classes["confidential"]
    assert expression(view, rules, "clickhouse") == clickhouse
    assert expression(view, rules, "trino") == trino


def test_tokens_stand_beside_every_column_that_has_them_and_no_other():
    names = [each.name for each in stored_columns(DATASETS["customers"], CATALOG.classes)]
    assert [name for name in names if name.endswith("__token")] == [
        "full_name__token",
        "email__token",
        "phone__token",
        "ssn__token",
    ]


def test_a_role_that_sees_no_column_does_not_see_the_dataset():
    assert "partner" not in dict(readers(CATALOG, DATASETS["curve_snapshots"]))
    assert "partner" in dict(readers(CATALOG, DATASETS["customers"]))


def test_only_the_definer_reads_tables_in_clickhouse():
    direct = [grant for grant in clickhouse_grants(CATALOG) if grant.database in ("silver", "gold")]
    assert {grant.role for grant in direct if grant.privilege == "SELECT"} == {DEFINER}
    assert {grant.role for grant in direct if grant.privilege == "INSERT"} == {"service"}
    assert clickhouse_access(CATALOG)[0] == "CREATE USER IF NOT EXISTS `masking` IDENTIFIED WITH no_password HOST NONE"


def test_each_role_is_given_its_rights_in_one_statement_that_takes_all_others_away():
    rights = list(clickhouse_rights(CATALOG))
    assert len(rights) == len(CATALOG.roles) + 2
    assert f"REVOKE ALL ON *.* FROM `{CONNECTOR_ROLE}`" in rights
    for grant in clickhouse_grants(CATALOG):
        statement = next(each for each in rights if f"TO `{grant.role}` " in each)
        assert f"{grant.privilege} ON `{grant.database}`.`{grant.table}`" in statement
        assert statement.endswith(" WITH REPLACE OPTION")


def test_an_older_table_gets_the_columns_that_it_lacks_and_loses_none():
    text = clickhouse_upgrade("customers", DATASETS["customers"], CATALOG)
    assert text.startswith("ALTER TABLE `silver`.`customers`\n    ADD COLUMN IF NOT EXISTS `customer_id` UUID")
    assert "ADD COLUMN IF NOT EXISTS `ssn__token` Nullable(String)" in text
    assert text.endswith("MODIFY TTL toDateTime(`updated_at`) + INTERVAL 1096 DAY DELETE")
    assert "DROP" not in text


def test_trino_reads_clickhouse_only_where_nothing_else_stores_a_dataset():
    assert DATASETS["customers"].trino_catalogs == ("iceberg",)
    assert DATASETS["partner_contacts"].trino_catalogs == ()
    assert DATASETS["ml_predictions"].trino_catalogs == ("postgresql",)
    only = DATASETS["customers"].model_copy(update={"engines": ("clickhouse", "trino")})
    catalog = replace(CATALOG, datasets={**DATASETS, "customers": only})
    granted = [(grant.role, grant.table) for grant in clickhouse_grants(catalog) if grant.role == CONNECTOR_ROLE]
    assert granted == [(CONNECTOR_ROLE, "customers")]
    assert any(rule["catalog"] == "clickhouse" for rule in trino_rules(catalog)["tables"])


def test_a_table_has_codec_dictionary_sorting_partition_and_ttl():
    text = clickhouse_table("rt_lmp", DATASETS["rt_lmp"], CATALOG, engine="ReplicatedMergeTree")
    assert "`iso` LowCardinality(String) COMMENT" in text
    assert "`lmp` Decimal(12, 4) COMMENT 'Locational marginal price in USD per MWh' CODEC(T64, ZSTD(1))" in text
    assert "ENGINE = ReplicatedMergeTree\nPARTITION BY toYYYYMM(`interval_start`)" in text
    assert "ORDER BY (`iso`, `node`, `interval_start`)" in text
    assert "TTL toDateTime(`interval_start`) + INTERVAL 3660 DAY DELETE" in text
    assert "TTL" not in clickhouse_table("dim_node", DATASETS["dim_node"], CATALOG)


def test_clear_columns_are_those_of_stewards_and_of_the_tables_themselves():
    names = clear_columns(CATALOG)
    assert {name.split(".")[0] for name in names} == {"silver", "silver_steward", "gold", "gold_steward"}
    assert "silver_steward.customers.ssn" in names
    assert "silver_steward.customers.segment" not in names


def test_without_an_access_log_there_is_no_stack():
    without = replace(CATALOG, datasets={name: each for name, each in DATASETS.items() if name != "access_log"})
    with pytest.raises(ConfigurationError, match=r"datasets\.access_log is missing.*Add access_log"):
        access_log_job(without)


def test_trino_refuses_whatever_no_rule_names():
    rules = trino_rules(CATALOG)
    assert rules["catalogs"][-1] == {"catalog": "system", "allow": "none"}
    assert all("group" in rule and "user" not in rule for rule in rules["tables"])
    for section in ("schemas", "functions", "procedures", "impersonation"):
        assert rules[section] == []
    order = [rule["group"] for rule in rules["tables"] if rule["table"] == "customers" and rule["catalog"] == "iceberg"]
    assert order == [f"role-{name}" for name in CATALOG.roles]


def test_iceberg_has_ids_for_every_field_and_the_key_as_identifier():
    schema = iceberg_schema(DATASETS["access_log"], CATALOG)
    ids = [field["id"] for field in schema["fields"]]
    lists = [field["type"]["element-id"] for field in schema["fields"] if isinstance(field["type"], dict)]
    assert len({*ids, *lists}) == len(ids) + len(lists)
    names = {field["id"]: field["name"] for field in schema["fields"]}
    assert [names[i] for i in schema["identifier-field-ids"]] == ["happened_at", "event_id"]
    spec = iceberg_partition_spec(DATASETS["weather_features"], CATALOG)
    assert [(field["name"], field["transform"], field["field-id"]) for field in spec["fields"]] == [
        ("observed_at_month", "month", 1000),
        ("cell_bucket", "bucket[16]", 1001),
    ]


def test_a_topic_has_a_subject_for_its_key_and_one_for_its_value():
    found = {subject.name: subject for subject in subjects(CATALOG.topics)}
    assert [field["name"] for field in found["WEATHER_RT-key"].schema["fields"]] == ["cell"]
    assert found["WEATHER_RT-value"].schema["name"] == "WEATHER_RT_value"
    assert "analytics.dead-letter-value" in found
    assert not any(name.startswith("_schemas") for name in found)
    assert avro_name("5-minutes") == "_5_minutes"


def test_a_json_schema_takes_what_fits_and_refuses_the_rest():
    topics = {"OUTAGES": CATALOG.topics["OUTAGES"].model_copy(update={"format": "json"})}
    schema = next(each.schema for each in subjects(topics) if each.name == "OUTAGES-value")
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(schema)
    good = {
        "iso": "PJM",
        "asset": "unit 7",
        "kind": "planned",
        "capacity": "120.50",
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": None,
    }
    assert checker.is_valid(good)
    bad = [{"capacity": 120.5}, {"capacity": "1.234"}, {"starts_at": "2026-01-01"}, {"more": 1}, {"iso": None}]
    assert [change for change in bad if checker.is_valid(good | change)] == []
    assert not checker.is_valid({key: value for key, value in good.items() if key != "iso"})


def test_only_who_sees_a_class_clear_has_its_tokens_turned_back():
    classes = tokenization(CATALOG)["classes"]
    assert set(classes) == {name for name, rules in CATALOG.classes.items() if rules.tokenized}
    assert classes["pii.ssn"]["detokenize"] == ["steward"]
    assert classes["pii.ssn"]["tokenize"] == ["service"]
    assert classes["pii.ssn"]["columns"] == ["silver.customers.ssn"]
    assert classes["pii.ssn"]["prefix"] == "tok_ssn_"
    assert all(each["audit"] for each in classes.values())


def test_decisions_know_the_order_of_roles_and_the_class_of_every_column():
    data = opa_data(CATALOG)
    assert [role["order"] for role in data["roles"].values()] == list(range(len(CATALOG.roles)))
    assert data["datasets"]["customers"]["columns"]["ssn"] == "pii.ssn"
    assert data["datasets"]["customers"]["rowFilter"] == {"column": "tenant_id", "scope": "tenant"}
    assert json.loads(json.dumps(data)) == data


def test_every_dataset_that_ages_has_a_job_in_each_engine_that_stores_it():
    jobs = retention_jobs(CATALOG)
    assert {(job.dataset, job.engine) for job in jobs} == {
        (name, engine)
        for name, dataset in DATASETS.items()
        if dataset.retention_days
        for engine in dataset.engines
        if engine != "trino"
    }
    assert all(job.gone_after_days > job.days for job in jobs)
    assert len({job.schedule for job in jobs}) == len(jobs)
    iceberg = next(job for job in jobs if (job.dataset, job.engine) == ("customers", "iceberg"))
    assert iceberg.statements[0].endswith("WHERE `updated_at` < current_date() - INTERVAL 1096 DAYS")
    assert "expire_snapshots(table => 'silver.customers'" in iceberg.statements[1]
    assert iceberg.gone_after_days == 1096 + 7 + 1


def test_a_suite_expects_what_the_columns_imply_and_what_the_catalog_adds():
    suite = expectation_suite("customers", DATASETS["customers"], CATALOG.classes)
    kinds = [(each["type"], each["kwargs"].get("column")) for each in suite["expectations"]]
    assert ("expect_column_values_to_not_be_null", "customer_id") in kinds
    assert ("expect_column_values_to_not_be_null", "email") not in kinds
    assert ("expect_column_values_to_match_regex", "ssn__token") in kinds
    assert sum(kind == "expect_column_values_to_be_unique" for kind, _ in kinds) == 1
    assert ("expect_column_values_to_be_in_set", "segment") in kinds
    lmp = expectation_suite("rt_lmp", DATASETS["rt_lmp"], CATALOG.classes)
    between = next(each for each in lmp["expectations"] if each["type"] == "expect_column_values_to_be_between")
    assert between["kwargs"] == {"column": "lmp", "min_value": -10000, "max_value": 20000, "mostly": 0.999}


def test_entries_tell_where_a_dataset_comes_from():
    entries = {(entry["kind"], entry["name"]): entry for entry in catalog_entries(CATALOG)}
    assert entries["dataset", "iso_rt_lmp_raw"]["upstream"] == [{"kind": "topic", "name": "ISO_RT_LMP"}]
    assert entries["dataset", "rt_lmp"]["qualifiedNames"] == ["iceberg.silver.rt_lmp", "clickhouse.silver.rt_lmp"]
    assert ("topic", "audit") in entries


def test_reports_show_every_role_and_the_columns_that_not_everybody_sees():
    masks = masks_report(CATALOG)
    assert "| pii.ssn | `***-**-xxxx` | 1096 | clear | tokenized | tokenized | masked | masked | tokenized |" in masks
    assert "### `silver.customers`" in masks
    assert "Only rows of the reader's tenant in `tenant_id`: data-scientist, analyst, partner." in masks
    assert "### `silver.rt_lmp`" not in masks
    retention = retention_report(CATALOG)
    assert "| billing_accounts | clickhouse | 400 | 401 | ttl |" in retention
    assert "Kept for ever: node_hub_mapping, dim_node, dim_hub, dim_calendar." in retention


def test_a_class_that_no_role_lists_is_hidden_from_all_in_every_report():
    rules = DataClassRules.model_validate({"description": "a class of a test", "maxRetentionDays": 9})
    roles = {name: Role.model_validate(role.model_dump(by_alias=True)) for name, role in CATALOG.roles.items()}
    more = replace(CATALOG, classes={**CATALOG.classes, "pii.new": rules}, roles=roles)
    assert f"| pii.new | `***` | 9 |{' hidden |' * len(roles)}" in masks_report(more)
