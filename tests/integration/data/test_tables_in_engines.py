import datetime as dt
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema

from infra.core.data.iceberg import iceberg_partition_spec, iceberg_schema, spark_table, trino_table
from infra.core.data.postgresql import postgresql_table
from infra.core.data.retention import retention_jobs
from infra.stacks.files import read_catalog

CATALOG = read_catalog()
ICEBERG = {name: each for name, each in CATALOG.datasets.items() if "iceberg" in each.engines}
POSTGRESQL = {name: each for name, each in CATALOG.datasets.items() if "postgresql" in each.engines}


@pytest.fixture(scope="module")
def iceberg(tmp_path_factory: pytest.TempPathFactory) -> SqlCatalog:
    folder = tmp_path_factory.mktemp("iceberg")
    catalog = SqlCatalog("test", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/warehouse")
    for zone in ("bronze", "silver", "gold"):
        catalog.create_namespace(zone)
    for name, dataset in ICEBERG.items():
        schema = Schema.model_validate_json(json.dumps(iceberg_schema(dataset, CATALOG)))
        spec = PartitionSpec.model_validate_json(json.dumps(iceberg_partition_spec(dataset, CATALOG)))
        catalog.create_table(f"{dataset.zone}.{name}", schema=schema, partition_spec=spec)
    return catalog


@pytest.mark.parametrize("name", ICEBERG)
def test_iceberg_makes_the_table_as_it_is_declared(iceberg: SqlCatalog, name: str):
    dataset = ICEBERG[name]
    table = iceberg.load_table(f"{dataset.zone}.{name}")
    declared = iceberg_schema(dataset, CATALOG)
    assert [field.name for field in table.schema().fields] == [field["name"] for field in declared["fields"]]
    assert [field.required for field in table.schema().fields] == [field["required"] for field in declared["fields"]]
    assert table.schema().identifier_field_names() == set(dataset.key)
    assert len(table.spec().fields) == len(dataset.partition_by)


def test_rows_are_written_to_iceberg_and_read_back(iceberg: SqlCatalog):
    table = iceberg.load_table("silver.node_hub_mapping")
    day = dt.date(2020, 1, 1)
    rows = [
        {
            "iso": "PJM",
            "node": f"n{i}",
            "hub": "WEST",
            "zone": None,
            "weight": i / 40,
            "valid_from": day,
            "valid_to": None,
        }
        for i in range(40)
    ]
    schema = table.schema().as_arrow()
    table.append(pa.Table.from_pylist(rows, schema=schema))
    assert table.scan(row_filter="weight >= 0.5").to_arrow().num_rows == 20
    loose = pa.schema([field.with_nullable(True) for field in schema])
    incomplete = pa.Table.from_pylist([rows[0] | {"iso": None}], schema=loose)
    with pytest.raises(ValueError, match=r"(?s)Mismatch in fields.*iso"):
        table.append(incomplete)


@pytest.mark.parametrize("name", ICEBERG)
def test_the_ddl_of_trino_and_spark_is_read_by_a_parser_of_each_and_has_the_same_columns(name: str):
    dataset = ICEBERG[name]
    wanted = [field["name"] for field in iceberg_schema(dataset, CATALOG)["fields"]]
    for text, dialect in (
        (trino_table(name, dataset, CATALOG), "trino"),
        (spark_table(name, dataset, CATALOG), "spark"),
    ):
        tree = sqlglot.parse_one(text, read=dialect)
        assert isinstance(tree, sqlglot.exp.Create), dialect
        assert [column.name for column in tree.find_all(sqlglot.exp.ColumnDef)] == wanted, dialect


def test_the_statements_of_retention_are_read_by_a_parser_of_their_engine():
    dialects = {"iceberg": "spark", "clickhouse": "clickhouse", "postgresql": "postgres"}
    for job in retention_jobs(CATALOG):
        for statement in job.statements:
            assert sqlglot.parse_one(statement, read=dialects[job.engine]), statement


def test_postgresql_tables_are_made_and_forget_what_is_too_old(tmp_path: Path):
    """DuckDB speaks this part of PostgreSQL's SQL; what it does not have (a COMMENT on a key) would be refused."""
    with duckdb.connect(str(tmp_path / "features.duckdb")) as engine:
        for name, dataset in POSTGRESQL.items():
            engine.execute(postgresql_table(name, dataset))
            engine.execute(postgresql_table(name, dataset))
        for age in (3659, 3661):
            engine.execute(
                "INSERT INTO gold.price_trends VALUES (?, current_date - CAST(? AS INTEGER), 1, 1, 'up')",
                [f"s{age}", age],
            )
        with pytest.raises(duckdb.ConstraintException):
            engine.execute("INSERT INTO gold.price_trends SELECT * FROM gold.price_trends")
        for job in retention_jobs(CATALOG):
            if job.engine == "postgresql":
                for statement in job.statements:
                    engine.execute(statement)
        assert engine.execute("SELECT symbol FROM gold.price_trends").fetchall() == [("s3659",)]
