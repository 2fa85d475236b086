import datetime as dt
import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlglot

from infra.core.data.access import readers, stored_columns
from infra.core.data.dataset import TOKEN_SUFFIX
from infra.core.data.trino_rules import trino_rules
from infra.stacks.files import read_catalog
from tests.support.data_rows import rows, seen
from tests.support.pii_strings import EVERYTHING
from tests.support.trino_access import AccessDeniedError, TrinoAccess, TrinoUser, run

CATALOG = read_catalog()
RULES = trino_rules(CATALOG)
TRINO = TrinoAccess(RULES)
EXPOSED = {name: dataset for name, dataset in CATALOG.datasets.items() if dataset.trino_catalogs}
SCOPES = ("tenant-trading-desk", "iso-CAISO")


def member(*roles: str, scopes: tuple[str, ...] = SCOPES) -> TrinoUser:
    return TrinoUser("somebody", (*(f"role-{role}" for role in roles), *scopes))


def plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}" if value.time() != dt.time() else str(value.date())
    if isinstance(value, dt.date | UUID):
        return str(value)
    return float(value) if isinstance(value, Decimal) else value


def in_order(found: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps({k: plain(v) for k, v in row.items()}, sort_keys=True) for row in found)


@pytest.mark.parametrize("role_name", CATALOG.roles)
def test_each_role_sees_in_trino_exactly_what_the_catalog_says(role_name: str):
    role = CATALOG.roles[role_name]
    for name, dataset in EXPOSED.items():
        if role_name not in dict(readers(CATALOG, dataset)):
            continue
        stored = rows(dataset, CATALOG, count=len(EVERYTHING) if dataset.level == "pii" else 9)
        expected = seen(dataset, role, CATALOG, stored, SCOPES)
        for store in dataset.trino_catalogs:
            query = TRINO.select(member(role_name), store, dataset, name, expected[0])
            found = run(name, dataset, dict(CATALOG.classes), stored, query)
            assert in_order(found) == in_order(expected), (store, name)


@pytest.mark.parametrize("role_name", CATALOG.roles)
def test_no_role_may_ask_trino_for_what_is_hidden_from_it(role_name: str):
    role = CATALOG.roles[role_name]
    for name, dataset in EXPOSED.items():
        for store in dataset.trino_catalogs:
            if role_name not in dict(readers(CATALOG, dataset)):
                with pytest.raises(AccessDeniedError):
                    TRINO.table(member(role_name), store, dataset.zone, name)
                continue
            for column in stored_columns(dataset, CATALOG.classes):
                treatment = role.treatment(column.class_)
                by = dataset.row_filter.column if dataset.row_filter and role.rows == "entitled" else None
                is_token = column.name.endswith(TOKEN_SUFFIX)
                refused = treatment == "hidden" or (is_token and treatment == "masked")
                if refused and column.name != by:
                    with pytest.raises(AccessDeniedError):
                        TRINO.select(member(role_name), store, dataset, name, [column.name])
                else:
                    TRINO.select(member(role_name), store, dataset, name, [column.name])


def test_only_programs_write_through_trino():
    for role in CATALOG.roles:
        user = member(role)
        if role == "service":
            assert TRINO.table(user, "iceberg", "silver", "customers", "INSERT")
        else:
            with pytest.raises(AccessDeniedError):
                TRINO.table(user, "iceberg", "silver", "customers", "INSERT")
        for privilege in ("DELETE", "UPDATE", "OWNERSHIP", "GRANT_SELECT"):
            with pytest.raises(AccessDeniedError):
                TRINO.table(user, "iceberg", "silver", "customers", privilege)


@pytest.mark.parametrize(
    ("catalog", "schema", "table"),
    [
        ("iceberg", "silver", "customers$files"),
        ("iceberg", "silver", "customers$partitions"),
        ("iceberg", "silver", "xcustomers"),
        ("iceberg", "silver_steward", "customers"),
        ("clickhouse", "silver_steward", "customers"),
        ("clickhouse", "silver", "customers"),
        ("clickhouse", "gold", "partner_contacts"),
        ("clickhouse", "system", "query_log"),
        ("system", "runtime", "queries"),
        ("postgresql", "silver", "customers"),
        ("other", "silver", "customers"),
    ],
)
def test_what_the_catalog_does_not_declare_is_refused(catalog: str, schema: str, table: str):
    for role in CATALOG.roles:
        with pytest.raises(AccessDeniedError):
            TRINO.table(member(role), catalog, schema, table)


def test_who_has_no_role_reads_nothing():
    for name, dataset in EXPOSED.items():
        for store in dataset.trino_catalogs:
            for user in (TrinoUser("nobody", ()), TrinoUser("role-steward", SCOPES)):
                with pytest.raises(AccessDeniedError):
                    TRINO.table(user, store, dataset.zone, name)


def test_who_has_two_roles_is_treated_by_the_one_that_sees_more():
    query = TRINO.select(member("analyst", "steward"), "iceberg", EXPOSED["customers"], "customers", ["email"])
    assert query == 'SELECT "email" AS "email" FROM "customers" AS stored WHERE true'


def test_every_mask_and_filter_is_one_expression_of_trino():
    for rule in RULES["tables"]:
        for text in (rule.get("filter"), *(column.get("mask") for column in rule.get("columns", ()))):
            if text:
                assert sqlglot.parse_one(text, read="trino")
