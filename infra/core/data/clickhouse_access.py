"""Who sees what in ClickHouse: a masked view for each role, row policies on it, and the grants.

Open-source ClickHouse has no masking policies; they exist in ClickHouse Cloud only. So nobody may read a table but
the definer of the views, as which nobody can sign in. Each role reads a view of its own, in the database
``<zone>_<role>``, with the names and the order of the table's columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.core.data.access import DataCatalog, expression, filtered, readers, visible
from infra.core.data.dataset import Dataset
from infra.core.data.roles import Role
from infra.core.data.sql_text import identifier, literal

DEFINER = "masking"
"""User as which the views read the tables: from no host, so that nobody can be it."""

CONNECTOR_USER = "trino"
CONNECTOR_ROLE = "trino-connector"
"""Role of the user as which Trino reads; its own rules mask and filter what it passes on."""


@dataclass(frozen=True)
class Grant:
    """One permission of one role."""

    privilege: str
    database: str
    table: str
    role: str

    def sql(self) -> str:
        """The statement that gives it."""
        return f"GRANT {self.privilege} ON {_q(self.database)}.{_q(self.table)} TO {_q(self.role)}"


@dataclass(frozen=True)
class RowPolicy:
    """Which rows of one view one role sees."""

    name: str
    database: str
    table: str
    condition: str
    role: str

    def sql(self) -> str:
        """The statement that sets it."""
        on = f"{_q(self.name)} ON {_q(self.database)}.{_q(self.table)}"
        return f"CREATE ROW POLICY OR REPLACE {on} FOR SELECT USING {self.condition} TO {_q(self.role)}"


def role_database(zone: str, role: str) -> str:
    """Database with what ``role`` sees of ``zone``."""
    return f"{zone}_{role.replace('-', '_')}"


def scope_role(scope: str, value: str) -> str:
    """ClickHouse role (and group of Trino) of those who belong to one tenant or ISO."""
    return f"{scope}-{value}"


def clickhouse_roles(catalog: DataCatalog) -> Iterator[str]:
    """The definer and the roles. Roles of tenants and ISOs are granted with the users, who are not declared here."""
    yield f"CREATE USER IF NOT EXISTS {_q(DEFINER)} IDENTIFIED WITH no_password HOST NONE"
    for role in (*catalog.roles, CONNECTOR_ROLE):
        yield f"CREATE ROLE IF NOT EXISTS {_q(role)}"


def clickhouse_views(catalog: DataCatalog) -> Iterator[str]:
    """The databases of the roles, then what each role sees of each dataset."""
    stored = list(_stored(catalog))
    for database in sorted({database for database, _, _, _, _ in stored}):
        yield f"CREATE DATABASE IF NOT EXISTS {_q(database)}"
    for database, name, dataset, _, role in stored:
        shown = ",\n".join(
            f"    {expression(view, catalog.classes[view.column.class_], 'clickhouse')} AS {_q(view.column.name)}"
            for view in visible(dataset, role)
        )
        yield (
            f"CREATE OR REPLACE VIEW {_q(database)}.{_q(name)}\n"
            f"DEFINER = {_q(DEFINER)} SQL SECURITY DEFINER\n"
            f"AS SELECT\n{shown}\nFROM {_q(dataset.zone)}.{_q(name)} AS {_q('stored')}"
        )


def clickhouse_row_policies(catalog: DataCatalog) -> Iterator[RowPolicy]:
    """One policy for each view: every row, or those whose scope is among the reader's roles."""
    for database, name, dataset, role_name, role in _stored(catalog):
        condition = "1"
        if dataset.row_filter and filtered(dataset, role):
            prefix = literal(scope_role(dataset.row_filter.scope, ""), "clickhouse")
            condition = f"has(enabledRoles(), concat({prefix}, {_q(dataset.row_filter.column)}))"
        yield RowPolicy(f"rows_of_{name}", database, name, condition, role_name)


def clickhouse_grants(catalog: DataCatalog) -> Iterator[Grant]:
    """Views to the roles that read them, tables to those that write them, to the definer and to Trino."""
    for database, name, dataset, role_name, role in _stored(catalog):
        yield Grant("SELECT", database, name, role_name)
        if role.writes:
            yield Grant("INSERT", dataset.zone, name, role_name)
    for name, dataset in catalog.datasets.items():
        if "clickhouse" in dataset.engines:
            yield Grant("SELECT", dataset.zone, name, DEFINER)
            if "clickhouse" in dataset.trino_catalogs:
                yield Grant("SELECT", dataset.zone, name, CONNECTOR_ROLE)


def clickhouse_rights(catalog: DataCatalog) -> Iterator[str]:
    """One statement for each role and for the definer that gives it its permissions and takes all others away."""
    given: dict[str, list[str]] = {name: [] for name in (DEFINER, *catalog.roles, CONNECTOR_ROLE)}
    for grant in clickhouse_grants(catalog):
        given[grant.role].append(f"{grant.privilege} ON {_q(grant.database)}.{_q(grant.table)}")
    for role, permissions in given.items():
        if permissions:
            yield f"GRANT {', '.join(permissions)} TO {_q(role)} WITH REPLACE OPTION"
        else:
            yield f"REVOKE ALL ON *.* FROM {_q(role)}"


def clickhouse_access(catalog: DataCatalog) -> tuple[str, ...]:
    """All of it as statements, in an order in which they can be run; running them again changes nothing.

    Views are made before anybody may read them, and a right that the catalog no longer gives is taken away.
    """
    return (
        *clickhouse_roles(catalog),
        *clickhouse_views(catalog),
        *(policy.sql() for policy in clickhouse_row_policies(catalog)),
        *clickhouse_rights(catalog),
    )


def _stored(catalog: DataCatalog) -> Iterator[tuple[str, str, Dataset, str, Role]]:
    for name, dataset in catalog.datasets.items():
        if "clickhouse" in dataset.engines:
            for role_name, role in readers(catalog, dataset):
                yield role_database(dataset.zone, role_name), name, dataset, role_name, role


def _q(name: str) -> str:
    return identifier(name, "clickhouse")
