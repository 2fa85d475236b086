"""Trino's file-based access control: who may read which column, under which mask, and which rows.

Trino applies the first rule that matches and refuses what none matches. A reader's roles and scopes are groups, named
``role-analyst`` and ``tenant-trading-desk``, which the group provider takes from the identity provider's token.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.core.data.access import DataCatalog, column_views, expression, filtered, has_token, readers
from infra.core.data.dataset import STORES, TOKEN_SUFFIX, Dataset
from infra.core.data.roles import Role
from infra.core.data.sql_text import identifier, literal

ROLE_GROUP = "role-{}"
"""Group of those who have a role."""


def trino_rules(catalog: DataCatalog) -> dict[str, Any]:
    """The rules file (Trino documentation, File-based access control, system-level)."""
    return {
        "catalogs": list(_catalogs(catalog)),
        "schemas": [],
        "tables": list(_tables(catalog)),
        "functions": [],
        "procedures": [],
        "queries": [{"allow": ["execute"]}],
        "impersonation": [],
        "system_session_properties": [{"allow": False}],
        "catalog_session_properties": [{"allow": False}],
    }


def _catalogs(catalog: DataCatalog) -> Iterator[dict[str, Any]]:
    for store in STORES:
        if any(store in dataset.trino_catalogs for dataset in catalog.datasets.values()):
            writers = [ROLE_GROUP.format(name) for name, role in catalog.roles.items() if role.writes]
            if writers:
                yield {"group": "|".join(writers), "catalog": store, "allow": "all"}
            groups = [ROLE_GROUP.format(name) for name in catalog.roles]
            yield {"group": "|".join(groups), "catalog": store, "allow": "read-only"}
    yield {"catalog": "system", "allow": "none"}


def _tables(catalog: DataCatalog) -> Iterator[dict[str, Any]]:
    """Rules of the role that sees most come first, so that a reader with several roles is treated by it."""
    for name, dataset in catalog.datasets.items():
        allowed = dict(readers(catalog, dataset))
        for store in dataset.trino_catalogs:
            for role_name, role in catalog.roles.items():
                if role_name in allowed:
                    yield _table(catalog, store, name, dataset, role_name, role)


def _table(catalog: DataCatalog, store: str, name: str, dataset: Dataset, role_name: str, role: Role) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "group": ROLE_GROUP.format(role_name),
        "catalog": store,
        "schema": dataset.zone,
        "table": name,
        "privileges": ["SELECT", "INSERT"] if role.writes else ["SELECT"],
    }
    columns = list(_columns(catalog, dataset, role))
    if columns:
        rule["columns"] = columns
    if dataset.row_filter and filtered(dataset, role):
        prefix = literal(f"{dataset.row_filter.scope}-", "trino")
        column = identifier(dataset.row_filter.column, "trino")
        rule["filter"] = f"contains(current_groups(), concat({prefix}, {column}))"
    return rule


def _columns(catalog: DataCatalog, dataset: Dataset, role: Role) -> Iterator[dict[str, Any]]:
    """A constraint for each column that the role does not see as it is stored."""
    for view in column_views(dataset, role):
        rules = catalog.classes[view.column.class_]
        if view.treatment == "hidden":
            yield {"name": view.column.name, "allow": False}
        elif view.treatment != "clear":
            yield {"name": view.column.name, "mask": expression(view, rules, "trino")}
        if has_token(view.column, catalog.classes) and view.treatment in ("hidden", "masked"):
            yield {"name": view.column.name + TOKEN_SUFFIX, "allow": False}
