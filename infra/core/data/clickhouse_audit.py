"""Who read personal data in the clear: asked of ClickHouse's own query log, and kept in the access log."""

from __future__ import annotations

from collections.abc import Iterator

from infra.core.data.access import DataCatalog, readers, visible
from infra.core.data.clickhouse_access import CONNECTOR_USER, role_database
from infra.core.data.sql_text import literal
from infra.core.errors import ConfigurationError, Problem

FILE = "infra/catalog/datasets.yaml"

QUERY_LOG = "system.query_log"
ACCESS_LOG = "access_log"
"""Dataset that the accesses are kept in."""

OVERLAP_MINUTES = 15
"""Each run looks back this far, and leaves out what it finds already there."""


def clear_columns(catalog: DataCatalog) -> tuple[str, ...]:
    """Full names of the columns that show personal data as it is, as the query log spells them.

    A view's column counts where its role sees it clear; a table's column always, since whoever reads the table itself
    (the definer within a view does not appear) got around the views.
    """
    return tuple(sorted({*_shown_clear(catalog), *_stored(catalog)}))


def _shown_clear(catalog: DataCatalog) -> Iterator[str]:
    for name, dataset in catalog.datasets.items():
        for role_name, role in readers(catalog, dataset) if "clickhouse" in dataset.engines else ():
            for view in visible(dataset, role):
                if view.treatment == "clear" and view.column.class_.startswith("pii."):
                    yield f"{role_database(dataset.zone, role_name)}.{name}.{view.column.name}"


def _stored(catalog: DataCatalog) -> Iterator[str]:
    for name, dataset in catalog.datasets.items():
        for column in dataset.columns if "clickhouse" in dataset.engines else ():
            if column.class_.startswith("pii."):
                yield f"{dataset.zone}.{name}.{column.name}"


def clear_reads(catalog: DataCatalog, log: str = QUERY_LOG) -> str:
    """A query of ``log`` for every read of personal data in the clear: who, when, from where, which columns of what.

    Trino's own reads are left out: Trino knows for whom it read, and its event listener says so.
    """
    watched = ", ".join(literal(name, "clickhouse") for name in clear_columns(catalog))
    return (
        "SELECT\n"
        "    reinterpretAsUUID(MD5(concat(query_id, toString(event_time_microseconds)))) AS event_id,\n"
        "    initial_user AS actor,\n"
        "    toString(initial_address) AS actor_address,\n"
        "    arrayStringConcat(arraySort(tables), ', ') AS dataset,\n"
        f"    arraySort(arrayIntersect(columns, [{watched}])) AS clear_columns,\n"
        "    toDateTime64(event_time_microseconds, 6, 'UTC') AS happened_at\n"
        f"FROM {log}\n"
        "WHERE type IN ('QueryFinish', 'ExceptionWhileProcessing')\n"
        f"    AND notEmpty(clear_columns) AND initial_user != {literal(CONNECTOR_USER, 'clickhouse')}"
    )


def access_log_job(catalog: DataCatalog, log: str = QUERY_LOG) -> str:
    """The statement that keeps new accesses in the access log; running it twice adds nothing twice.

    Raises:
        ConfigurationError: the catalog has no such dataset in ClickHouse.
    """
    dataset = catalog.datasets.get(ACCESS_LOG)
    if dataset is None or "clickhouse" not in dataset.engines:
        limit = f"who reads personal data in the clear is kept in {ACCESS_LOG}, stored in clickhouse"
        problem = Problem(FILE, f"datasets.{ACCESS_LOG}", "missing", limit, f"Add {ACCESS_LOG} to {FILE}")
        raise ConfigurationError([problem])
    table = f"{dataset.zone}.{ACCESS_LOG}"
    since = f"now() - INTERVAL {OVERLAP_MINUTES} MINUTE"
    columns = "event_id, actor, actor_address, dataset, clear_columns, happened_at"
    known = f"SELECT event_id FROM {table} WHERE happened_at > {since} - INTERVAL 1 MINUTE"  # noqa: S608 - catalog names
    found = f"{clear_reads(catalog, log)}\n    AND event_time > {since}"
    return f"INSERT INTO {table} ({columns})\nSELECT * FROM (\n{found}\n)\nWHERE event_id NOT IN ({known})"
