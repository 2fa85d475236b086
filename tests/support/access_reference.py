"""What the policy engine must answer, computed from the data catalog with the derivations of the engines' own rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.core.catalog.catalog import PLATFORM_TENANT
from infra.core.catalog.tenants import Tenant
from infra.core.data.access import DataCatalog, column_views, filtered, readers
from infra.core.data.classes import LEVELS, level
from infra.core.data.dataset import Dataset
from infra.core.data.roles import Role

Question = dict[str, Any]
Answer = tuple[dict[str, str], Any]


def expected(catalog: DataCatalog, tenants: Mapping[str, Tenant], question: Question) -> Answer | None:
    """Columns and row filter, or None when the question must be refused."""
    clearances = {PLATFORM_TENANT: LEVELS} | {name: tenant.clearance for name, tenant in tenants.items()}
    dataset, clearance = catalog.datasets.get(question["dataset"]), clearances.get(question["tenant"])
    if dataset is None or clearance is None or dataset.tenant not in (PLATFORM_TENANT, question["tenant"]):
        return None
    role = next((role for name, role in catalog.roles.items() if _may_act(name, role, question)), None)
    if role is None or role not in [each for _, each in readers(catalog, dataset)]:
        return None
    columns = _columns(dataset, role, question, clearance)
    if columns is None:
        return None
    if not filtered(dataset, role) or dataset.row_filter is None:
        return columns, None
    by = dataset.row_filter
    values = [question["tenant"]] if by.scope == "tenant" else sorted(question.get("isos", []))
    return columns, {"column": by.column, "scope": by.scope, "values": values}


def _may_act(name: str, role: Role, question: Question) -> bool:
    able = {"read": True, "write": role.writes, "detokenize": bool(role.detokenizes)}[question["action"]]
    return able and name in question["roles"] and question["purpose"] in role.purposes


def _columns(dataset: Dataset, role: Role, question: Question, clearance: tuple[str, ...]) -> dict[str, str] | None:
    """How each column that was asked for looks; None when that is not allowed at all."""
    detokenize = question["action"] == "detokenize"
    by = dataset.row_filter.column if dataset.row_filter and filtered(dataset, role) and not detokenize else None
    shown: dict[str, str] = {}
    for view in column_views(dataset, role):
        wanted: str = view.treatment
        if detokenize:
            wanted = "clear" if view.column.class_ in role.detokenizes else "hidden"
        above = wanted == "clear" and level(view.column.class_) not in clearance
        shown[view.column.name] = "hidden" if above and view.column.name != by else wanted
    named = question.get("columns") or []
    if not set(named) <= set(shown):
        return None
    answer = {name: shown[name] for name in named or shown}
    if detokenize:
        return answer if named and set(answer.values()) == {"clear"} else None
    seen = any(
        role.treatment(column.class_) in ("masked", "tokenized")
        or (role.treatment(column.class_) == "clear" and level(column.class_) in clearance)
        for column in dataset.columns
    )
    return answer if seen and set(answer.values()) - {"hidden"} else None
