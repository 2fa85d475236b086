import json
from pathlib import Path
from typing import Any

import pytest

from infra.core.data.access import readers
from infra.core.data.clickhouse_access import clickhouse_access, role_database
from infra.core.data.clickhouse_audit import access_log_job, clear_reads
from infra.stacks.files import read_catalog
from tests.support.clickhouse import FLUSH, ClickHouse
from tests.support.data_rows import NOW, TENANTS, Row, rows, seen
from tests.support.derived import with_column
from tests.support.pii_strings import EVERYTHING, TELLING, leak

CATALOG = read_catalog()
TABLES = {name: dataset for name, dataset in CATALOG.datasets.items() if "clickhouse" in dataset.engines}
STORED = {name: rows(dataset, CATALOG) for name, dataset in TABLES.items()}
PERSONAL = {
    name: [column.name for column in dataset.columns if column.class_.startswith("pii.")]
    for name, dataset in TABLES.items()
}
SCOPES = ("tenant-trading-desk", "iso-CAISO")


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> ClickHouse:
    engine = ClickHouse(tmp_path_factory.mktemp("clickhouse"), CATALOG)
    assert [answer for answer in engine.declare() if "error" in answer] == []
    loads = [
        f"INSERT INTO {dataset.zone}.{name} FORMAT JSONEachRow\n" + "\n".join(json.dumps(row) for row in STORED[name])
        for name, dataset in TABLES.items()
    ]
    assert [answer for answer in engine.as_administrator(loads) if "error" in answer] == []
    return engine


@pytest.fixture
def empty(tmp_path: Path) -> ClickHouse:
    """Tables of its own for a test that writes."""
    engine = ClickHouse(tmp_path / "empty", CATALOG)
    assert [answer for answer in engine.declare() if "error" in answer] == []
    return engine


def in_order(found: list[Row]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in found)


def shared(role: str) -> dict[str, Any]:
    return {name: dataset for name, dataset in TABLES.items() if role in dict(readers(CATALOG, dataset))}


@pytest.mark.parametrize("role", CATALOG.roles)
def test_each_role_sees_exactly_what_the_catalog_says(clickhouse: ClickHouse, role: str):
    tables = shared(role)
    queries = [f"SELECT * FROM {role_database(each.zone, role)}.{name}" for name, each in tables.items()]
    for (name, dataset), answer in zip(tables.items(), clickhouse.as_role(role, queries, scopes=SCOPES), strict=True):
        expected = seen(dataset, CATALOG.roles[role], CATALOG, STORED[name], SCOPES)
        assert expected, f"{role} sees nothing of {name}: the test would prove nothing"
        assert in_order(answer["rows"]) == in_order(expected), name


def test_no_role_but_the_stewards_sees_anything_telling_of_a_raw_value(clickhouse: ClickHouse):
    for role in set(CATALOG.roles) - {"steward"}:
        tables = shared(role)
        views = {name: f"{role_database(each.zone, role)}.{name}" for name, each in tables.items() if PERSONAL[name]}
        answers = clickhouse.as_role(role, [f"SELECT * FROM {view}" for view in views.values()], scopes=SCOPES)
        for name, answer in zip(views, answers, strict=True):
            shown = {
                str(row[column]).rpartition("_")[2]
                for row in answer["rows"]
                for column in PERSONAL[name]
                if row.get(column)
            }
            raw = {str(row[column]) for row in STORED[name] for column in PERSONAL[name] if row[column]}
            found = [(a, b) for a in raw for b in shown if not b.endswith("-01-01") and leak(a, b)]
            assert found == [], (role, name)


def test_one_customer_as_each_role_sees_them_written_out(empty: ClickHouse):
    tokens = {kind: f"tok_{kind}_{'Q' * 22}" for kind in ("name", "email", "phone", "ssn")}
    row = {
        "customer_id": "00000000-0000-0000-0000-000000000001",
        "tenant_id": "trading-desk",
        "full_name": "Ada Lovelace",
        "email": "ada.lovelace@example.com",
        "phone": "+1 202-555-0143",
        "ssn": "078-05-1120",
        "birth_date": "1915-12-10",
        "street": "12 St James's Square",
        "state": "CA",
        "segment": "retail",
        "updated_at": f"{NOW:%Y-%m-%d %H:%M:%S}.000000",
        "full_name__token": tokens["name"],
        "email__token": tokens["email"],
        "phone__token": tokens["phone"],
        "ssn__token": tokens["ssn"],
    }
    empty.as_administrator([f"INSERT INTO silver.customers FORMAT JSONEachRow\n{json.dumps(row)}"])

    def see(role: str) -> Row:
        query = f"SELECT * EXCEPT (customer_id, updated_at) FROM {role_database('silver', role)}.customers"
        if role == "partner":
            query = query.replace(" EXCEPT (customer_id, updated_at)", "")
        return empty.as_role(role, [query], scopes=SCOPES)[0]["rows"][0]

    known = {"tenant_id": "trading-desk", "state": "CA", "segment": "retail"}
    masked = {
        "full_name": "***",
        "email": "a***@***",
        "phone": "***-43",
        "ssn": "***-**-1120",
        "birth_date": "1915-01-01",
        "street": "***",
    }
    tokenized = {"full_name": tokens["name"], "email": tokens["email"], "phone": tokens["phone"], "ssn": tokens["ssn"]}
    assert see("analyst") == known | masked
    assert see("auditor") == known | masked
    assert see("data-scientist") == known | tokenized | {"birth_date": "1915-01-01"}
    assert see("service") == known | tokenized
    assert see("partner") == {"tenant_id": "trading-desk", "email": tokens["email"], "ssn": tokens["ssn"]}
    assert see("steward") == known | {column: row[column] for column in masked}


def test_a_reader_of_two_tenants_sees_the_rows_of_both_and_of_no_third(clickhouse: ClickHouse):
    answer = clickhouse.as_role(
        "analyst",
        ["SELECT DISTINCT tenant_id FROM silver_analyst.customers"],
        scopes=("tenant-trading-desk", "tenant-analytics"),
    )[0]
    assert {row["tenant_id"] for row in answer["rows"]} == {"trading-desk", "analytics"}
    assert len(TENANTS) > 2


def test_a_reader_of_no_tenant_sees_no_row(clickhouse: ClickHouse):
    answer = clickhouse.as_role("analyst", ["SELECT count() AS n FROM silver_analyst.customers"])[0]
    assert answer["rows"] == [{"n": 0}]


@pytest.mark.parametrize("role", [role for role in CATALOG.roles if role != "service"])
def test_no_role_gets_around_its_views(clickhouse: ClickHouse, role: str):
    other = "analyst" if role == "steward" else "steward"
    refused = [
        "SELECT * FROM silver.customers",
        "SELECT email FROM silver.customers LIMIT 1",
        "SELECT count() FROM silver.customers",
        f"SELECT * FROM silver_{other}.customers",
        "SELECT * FROM merge('silver', '^customers$')",
        "SELECT * FROM remote('127.0.0.1', silver.customers)",
        "SELECT * FROM mergeTreeIndex(silver, customers)",
        "SELECT * FROM file('data/**', 'RawBLOB')",
        f"CREATE VIEW {role_database('silver', role)}.mine AS SELECT * FROM silver.customers",
        f"ALTER TABLE {role_database('silver', role)}.customers MODIFY QUERY SELECT * FROM silver.customers",
        "INSERT INTO silver.customers (customer_id) VALUES (generateUUIDv4())",
        f"GRANT `{other}` TO default",
        f"SET ROLE `{other}`",
        "ALTER USER default DEFAULT ROLE ALL",
        "CREATE USER me NOT IDENTIFIED",
        "EXECUTE AS masking SELECT * FROM silver.customers",
        "BACKUP TABLE silver.customers TO File('copy')",
        "SYSTEM FLUSH LOGS",
    ]
    answers = clickhouse.as_role(role, refused, scopes=SCOPES)
    assert [query for query, answer in zip(refused, answers, strict=True) if "error" not in answer] == []
    told = "".join(answer["error"] for answer in answers)
    assert not any(text in told for text in EVERYTHING if len(text) > TELLING)


def test_what_a_role_does_not_see_cannot_be_used_in_a_condition_either(clickhouse: ClickHouse):
    queries = [
        "SELECT count() FROM silver_partner.customers WHERE full_name LIKE 'Ada%'",
        "SELECT email FROM silver_analyst.customers WHERE email__token != ''",
        "SELECT count() AS n FROM silver_analyst.customers WHERE email = 'simple@example.com'",
        "SELECT count() AS n FROM silver_analyst.customers PREWHERE ssn = '078-05-1120'",
    ]
    partner = clickhouse.as_role("partner", queries[:1], scopes=SCOPES)
    analyst = clickhouse.as_role("analyst", queries[1:], scopes=SCOPES)
    assert "UNKNOWN_IDENTIFIER" in partner[0]["error"]
    assert "UNKNOWN_IDENTIFIER" in analyst[0]["error"]
    assert analyst[1]["rows"] == [{"n": 0}]
    assert analyst[2].get("rows", [{"n": 0}]) == [{"n": 0}]


def test_programs_load_rows_that_they_cannot_read_back_in_the_clear(empty: ClickHouse):
    load = (
        "INSERT INTO silver.customer_notes (note_id, customer_id, tenant_id, author_email, body, written_at) VALUES "
        "(toUUID('00000000-0000-0000-0000-0000000000ff'), generateUUIDv4(), 'analytics', 'a.writer@example.com', 'x', "
        "'2026-02-02 00:00:00')"
    )
    read = "SELECT * FROM silver_service.customer_notes WHERE note_id = '00000000-0000-0000-0000-0000000000ff'"
    loaded, answer, raw = empty.as_role("service", [load, read, "SELECT * FROM silver.customer_notes"])
    assert loaded == {"rows": []}
    assert [row["author_email"] for row in answer["rows"]] == [None]
    assert "ACCESS_DENIED" in raw["error"]


def test_the_log_tells_who_read_personal_data_in_the_clear_and_of_nobody_else(clickhouse: ClickHouse):
    def logged(role: str, *queries: str) -> list[Row]:
        asked = [*queries, FLUSH, clear_reads(CATALOG)]
        answer = clickhouse.as_role(role, asked, scopes=SCOPES, may_flush=True)[-1]
        return [row | {"happened_at": None, "event_id": None} for row in answer["rows"]]

    assert logged("analyst", "SELECT email FROM silver_analyst.customers") == []
    assert logged("data-scientist", "SELECT * FROM silver_data_scientist.customers") == []
    harmless = "SELECT segment FROM silver_steward.customers"
    telling = "SELECT email, segment FROM silver_steward.customers WHERE ssn IS NOT NULL"
    assert logged("steward", harmless, telling) == [
        {
            "event_id": None,
            "actor": "default",
            "actor_address": "::ffff:127.0.0.1",
            "dataset": "silver_steward.customers",
            "clear_columns": ["silver_steward.customers.email", "silver_steward.customers.ssn"],
            "happened_at": None,
        }
    ]


def test_reads_in_the_clear_are_kept_in_the_access_log_once(empty: ClickHouse):
    job = access_log_job(CATALOG)
    ours = "WHERE dataset LIKE 'silver%billing_accounts' GROUP BY ALL ORDER BY dataset"
    answers = empty.as_administrator(
        [
            "SELECT holder_name FROM silver_steward.billing_accounts",
            "SELECT card_number FROM silver.billing_accounts",
            "SELECT card_number FROM silver_analyst.billing_accounts",
            FLUSH,
            job,
            FLUSH,
            job,
            f"SELECT actor, dataset, clear_columns, count() AS n FROM gold.access_log {ours}",
        ]
    )
    assert [answer for answer in answers if "error" in answer] == []
    assert [(row["dataset"], row["clear_columns"], int(row["n"])) for row in answers[-1]["rows"]] == [
        ("silver.billing_accounts", ["silver.billing_accounts.card_number"], 1),
        ("silver_steward.billing_accounts", ["silver_steward.billing_accounts.holder_name"], 1),
    ]


def test_every_statement_for_a_server_is_one_that_clickhouse_can_read(clickhouse: ClickHouse):
    statements = clickhouse_access(CATALOG)
    answers = clickhouse.as_administrator(
        [f"SELECT formatQueryOrNull($statement${statement}$statement$) AS form" for statement in statements]
    )
    unread = [s for s, answer in zip(statements, answers, strict=True) if not answer["rows"][0]["form"]]
    assert unread == []


def test_a_column_that_becomes_personal_is_masked_in_tables_that_are_there_already(empty: ClickHouse, tmp_path: Path):
    row = rows(TABLES["partner_contacts"], CATALOG)[0]
    empty.as_administrator([f"INSERT INTO gold.partner_contacts FORMAT JSONEachRow\n{json.dumps(row)}"])
    ask = [
        "SELECT partner FROM gold_analyst.partner_contacts",
        "SELECT partner FROM gold_data_scientist.partner_contacts",
    ]
    assert empty.as_role("analyst", ask[:1], scopes=SCOPES)[0]["rows"] == [{"partner": "partner-0"}]
    newer = ClickHouse(tmp_path / "empty", with_column(CATALOG, "partner_contacts", "partner", class_="pii.name"))
    assert [answer for answer in newer.declare() if "error" in answer] == []
    assert newer.as_role("analyst", ask[:1], scopes=SCOPES)[0]["rows"] == [{"partner": "***"}]
    assert newer.as_role("data-scientist", ask[1:], scopes=SCOPES)[0]["rows"] == [{"partner": None}]


def test_rows_older_than_the_catalog_allows_are_removed(empty: ClickHouse):
    columns = "(account_id, customer_id, tenant_id, holder_name, billing_email, balance, updated_at)"
    values = "(generateUUIDv4(), generateUUIDv4(), 'analytics', 'x', 'y', 0, now() - INTERVAL {} DAY)"
    answers = empty.as_administrator(
        [
            f"INSERT INTO silver.billing_accounts {columns} VALUES {values.format(399)}, {values.format(402)}",
            "ALTER TABLE silver.billing_accounts MATERIALIZE TTL SETTINGS mutations_sync = 1",
            "OPTIMIZE TABLE silver.billing_accounts FINAL",
            "SELECT dateDiff('day', updated_at, now()) AS age FROM silver.billing_accounts",
        ]
    )
    assert [int(row["age"]) for row in answers[-1]["rows"]] == [399]
