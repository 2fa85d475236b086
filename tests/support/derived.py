"""Everything that is derived from the data catalog, as texts by name, so that a test can say exactly what changed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infra.core.catalog.catalog import Catalog
from infra.core.data.catalog_entries import catalog_entries
from infra.core.data.clickhouse_access import clickhouse_grants, clickhouse_row_policies, clickhouse_views
from infra.core.data.clickhouse_audit import clear_columns
from infra.core.data.clickhouse_tables import clickhouse_table
from infra.core.data.great_expectations import expectation_suite
from infra.core.data.iceberg import iceberg_partition_spec, iceberg_schema, spark_table, trino_table
from infra.core.data.opa_data import opa_data
from infra.core.data.postgresql import postgresql_table
from infra.core.data.retention import retention_jobs
from infra.core.data.subjects import subjects
from infra.core.data.tokenization import tokenization
from infra.core.data.trino_rules import trino_rules


def derived(catalog: Catalog) -> dict[str, str]:
    """Each derived thing, as text with one fact a line."""
    texts: dict[str, str] = {}
    for name, dataset in catalog.datasets.items():
        if "clickhouse" in dataset.engines:
            texts[f"clickhouse table {name}"] = clickhouse_table(name, dataset, catalog)
        if "postgresql" in dataset.engines:
            texts[f"postgresql table {name}"] = postgresql_table(name, dataset)
        if "iceberg" in dataset.engines:
            texts[f"iceberg schema {name}"] = _text(iceberg_schema(dataset, catalog))
            texts[f"iceberg partitions {name}"] = _text(iceberg_partition_spec(dataset, catalog))
            texts[f"trino table {name}"] = trino_table(name, dataset, catalog)
            texts[f"spark table {name}"] = spark_table(name, dataset, catalog)
        texts[f"expectations {name}"] = _text(expectation_suite(name, dataset, catalog.classes))
    for statement in clickhouse_views(catalog):
        texts[f"clickhouse {statement.splitlines()[0]}"] = statement
    texts["clickhouse row policies"] = "\n".join(policy.sql() for policy in clickhouse_row_policies(catalog))
    texts["clickhouse grants"] = "\n".join(grant.sql() for grant in clickhouse_grants(catalog))
    texts["clickhouse audit"] = "\n".join(clear_columns(catalog))
    rules = trino_rules(catalog)
    for rule in rules.pop("tables"):
        texts[f"trino rule {rule['catalog']}.{rule['schema']}.{rule['table']} {rule['group']}"] = _text(rule)
    texts["trino rules"] = _text(rules)
    texts |= {f"subject {each.name}": _text(each.schema) for each in subjects(catalog.topics)}
    texts |= {f"retention {job.engine} {job.dataset}": _text(job.document()) for job in retention_jobs(catalog)}
    texts |= {f"entry {entry['kind']} {entry['name']}": _text(entry) for entry in catalog_entries(catalog)}
    texts["tokenization"] = _text(tokenization(catalog))
    texts["decisions"] = _text(opa_data(catalog))
    return texts


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str]]:
    """The lines, with ``-`` or ``+``, by which each derived thing differs."""
    result = {}
    for name in sorted({*before, *after}):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
            result[name] = [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]
    return result


def with_column(catalog: Catalog, dataset: str, column: str, **changes: Any) -> Catalog:
    """The catalog with one column changed; ``class_`` is its class."""
    old = catalog.datasets[dataset]
    columns = tuple(each.model_copy(update=changes) if each.name == column else each for each in old.columns)
    return replace(catalog, datasets={**catalog.datasets, dataset: old.model_copy(update={"columns": columns})})


def _text(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False)
