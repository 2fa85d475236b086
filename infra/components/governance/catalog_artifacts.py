"""The artifacts of the data catalog: what each engine and service loads to treat data as it is declared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from infra.components.governance.artifacts import Artifact
from infra.components.governance.decision_point import decision_data
from infra.core.catalog.catalog import FOLDER, Catalog
from infra.core.data.catalog_entries import catalog_entries
from infra.core.data.clickhouse_access import clickhouse_access
from infra.core.data.clickhouse_audit import access_log_job
from infra.core.data.clickhouse_tables import clickhouse_databases, clickhouse_tables
from infra.core.data.great_expectations import expectation_suite
from infra.core.data.iceberg import trino_table
from infra.core.data.postgresql import postgresql_table
from infra.core.data.retention import retention_jobs
from infra.core.data.subjects import subjects
from infra.core.data.tokenization import tokenization
from infra.core.data.trino_rules import trino_rules

DATASETS = f"{FOLDER}/datasets.yaml"
TOPICS = f"{FOLDER}/topics.yaml"

Files = dict[str, str]


def catalog_artifacts(catalog: Catalog, document: Mapping[str, Any], *, replicated: bool) -> tuple[Artifact, ...]:
    """One artifact for each engine or service and each purpose, those without content left out.

    Args:
        catalog: the catalog.
        document: what the policy engine decides by in this environment.
        replicated: whether ClickHouse is a cluster, whose tables are replicated.
    """
    derived = (
        ("clickhouse-tables", DATASETS, _clickhouse_tables(catalog, replicated=replicated)),
        ("clickhouse-access", DATASETS, _clickhouse_access(catalog)),
        ("iceberg-tables", DATASETS, _each(catalog, "iceberg", lambda name: _iceberg_table(catalog, name))),
        ("postgresql-tables", DATASETS, _each(catalog, "postgresql", lambda name: _postgresql_table(catalog, name))),
        ("trino-access", DATASETS, {"rules.json": _json(trino_rules(catalog))}),
        ("tokenization-roles", DATASETS, {"tokenization.json": _json(tokenization(catalog))}),
        ("retention-plan", DATASETS, {"jobs.json": _json([job.document() for job in retention_jobs(catalog)])}),
        ("expectations", DATASETS, dict(_suites(catalog))),
        ("catalog-entries", DATASETS, {"entries.json": _json(catalog_entries(catalog))}),
        ("schema-subjects", TOPICS, dict(_subjects(catalog))),
    )
    delivered = (Artifact(kind=kind, source=source, files=files) for kind, source, files in derived if files)
    return (decision_data(document), *delivered)


def _clickhouse_tables(catalog: Catalog, *, replicated: bool) -> Files:
    engine = "ReplicatedMergeTree" if replicated else "MergeTree"
    statements = [*clickhouse_databases(catalog), *clickhouse_tables(catalog, engine=engine)]
    return {"tables.sql": _script(statements)} if statements else {}


def _clickhouse_access(catalog: Catalog) -> Files:
    if not any("clickhouse" in dataset.engines for dataset in catalog.datasets.values()):
        return {}
    return {"access.sql": _script(clickhouse_access(catalog)), "access-log.sql": _script([access_log_job(catalog)])}


def _each(catalog: Catalog, engine: str, statements: Callable[[str], str]) -> Files:
    stored = [name for name, dataset in catalog.datasets.items() if engine in dataset.engines]
    return {"tables.sql": _script([statements(name) for name in stored])} if stored else {}


def _iceberg_table(catalog: Catalog, name: str) -> str:
    return trino_table(name, catalog.datasets[name], catalog)


def _postgresql_table(catalog: Catalog, name: str) -> str:
    return postgresql_table(name, catalog.datasets[name])


def _suites(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for name, dataset in catalog.datasets.items():
        yield f"{name}.json", _json(expectation_suite(name, dataset, catalog.classes))


def _subjects(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for subject in subjects(catalog.topics):
        facts = {
            "schemaType": subject.schema_type,
            "compatibility": subject.compatibility,
            "schema": json.dumps(subject.schema),
        }
        yield f"{subject.name}.json", _json(facts)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1) + "\n"


def _script(statements: Sequence[str]) -> str:
    return "".join(f"{statement.rstrip(';')};\n" for statement in statements)
