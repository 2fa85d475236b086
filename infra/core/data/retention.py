"""What removes rows that are too old, in each engine, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from infra.core.data.access import DataCatalog
from infra.core.data.dataset import Dataset

FIRST_HOUR_UTC = 3
"""Hour at which the first job of a night starts: after the operators' daily publications, before working hours."""

JOBS_PER_HOUR = 6
"""Jobs start ten minutes apart, so that they do not all rewrite tables at once."""

SNAPSHOT_DAYS = 7
"""Days that Iceberg keeps snapshots with deleted rows, for rollback; until then the rows are still in the store."""


@dataclass(frozen=True)
class RetentionJob:
    """One job.

    Attributes:
        dataset: what it keeps young.
        engine: where it runs.
        mechanism: ``ttl`` when the engine does it by itself and the statements only hurry it, else ``statements``.
        days: age, in days, above which a row is removed.
        schedule: when it starts, in cron's words, in UTC.
        statements: what it runs, in this order.
        gone_after_days: days after which a row cannot be read nor restored from the engine any more.
    """

    dataset: str
    engine: Literal["iceberg", "clickhouse", "postgresql"]
    mechanism: Literal["ttl", "statements"]
    days: int
    schedule: str
    statements: tuple[str, ...]
    gone_after_days: int

    def document(self) -> dict[str, Any]:
        """The job as JSON."""
        return asdict(self) | {"statements": list(self.statements)}


def retention_jobs(catalog: DataCatalog) -> tuple[RetentionJob, ...]:
    """One job for each dataset whose rows age and each engine that stores it."""
    wanted = [
        (name, dataset, engine)
        for name, dataset in catalog.datasets.items()
        if dataset.retention_days
        for engine in dataset.engines
        if engine != "trino"
    ]
    return tuple(_job(name, dataset, engine, _schedule(i)) for i, (name, dataset, engine) in enumerate(wanted))


def _schedule(i: int) -> str:
    hour = (FIRST_HOUR_UTC + i // JOBS_PER_HOUR) % 24
    return f"{i % JOBS_PER_HOUR * (60 // JOBS_PER_HOUR)} {hour} * * *"


def _job(name: str, dataset: Dataset, engine: Any, schedule: str) -> RetentionJob:
    days = dataset.retention_days or 0
    statements = {"iceberg": _iceberg, "clickhouse": _clickhouse, "postgresql": _postgresql}[engine]
    return RetentionJob(
        dataset=name,
        engine=engine,
        mechanism="ttl" if engine == "clickhouse" else "statements",
        days=days,
        schedule=schedule,
        statements=tuple(statements(name, dataset, days)),
        gone_after_days=days + (SNAPSHOT_DAYS if engine == "iceberg" else 0) + 1,
    )


def _iceberg(name: str, dataset: Dataset, days: int) -> Iterator[str]:
    """Spark SQL: rows, then the snapshots that still hold them, then files that nothing refers to."""
    table = f"`{dataset.zone}`.`{name}`"
    too_old = f"`{dataset.retention_column}` < current_date() - INTERVAL {days} DAYS"
    yield f"DELETE FROM iceberg.{table} WHERE {too_old}"  # noqa: S608 - names that the catalog's patterns let through
    since = f"older_than => current_timestamp() - INTERVAL {SNAPSHOT_DAYS} DAYS"
    plain = f"table => '{dataset.zone}.{name}'"
    yield f"CALL iceberg.system.expire_snapshots({plain}, {since}, retain_last => 1)"
    yield f"CALL iceberg.system.remove_orphan_files({plain}, {since})"


def _clickhouse(name: str, dataset: Dataset, days: int) -> Iterator[str]:  # noqa: ARG001 - the table's TTL has the days
    yield f"ALTER TABLE `{dataset.zone}`.`{name}` MATERIALIZE TTL"


def _postgresql(name: str, dataset: Dataset, days: int) -> Iterator[str]:
    table = f'"{dataset.zone}"."{name}"'
    too_old = f"\"{dataset.retention_column}\" < current_date - INTERVAL '{days} days'"
    yield f"DELETE FROM {table} WHERE {too_old}"  # noqa: S608 - names that the catalog's patterns let through
