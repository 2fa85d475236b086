from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.artifacts import File, files_of
from policies.data_catalog import load_data_catalog
from policies.masks.clickhouse import read_script
from policies.model import Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged_each


@rule(
    id="MASK-006",
    title="Require rows to be shown to those who are entitled to them only",
    severity=Severity.HIGH,
    topics=("masking", "privacy", "tenancy"),
    applies_to=WholeStack(),
    mandatory_everywhere=True,
    rationale=(
        "Tenants share tables. Without a filter on the column that says whose a row is, one desk reads the positions of"
        " another, with every column masked as it should be."
    ),
    remediation=(
        "Give the view a row policy (Trino: the table rule a filter) that compares the dataset's scope column with the"
        " reader's own roles or groups."
    ),
)
def require_row_filters(stack: Stack) -> Iterator[Violation]:
    """One violation for each dataset with scoped rows that a role with an entitlement sees all rows of."""
    catalog = load_data_catalog()

    def in_clickhouse(file: File) -> Iterator[Violation]:
        script = read_script(file.text)
        tables = {view.name: view.table for view in script.views}
        for grant in script.grants:
            dataset = catalog.datasets.get(tables.get(grant.on, grant.on))
            if dataset and dataset.scoped_by and grant.role in catalog.entitled and grant.privilege == "SELECT":
                condition = script.policies.get((*grant.on, grant.role), "")
                if not _compares(condition, dataset.scoped_by, "enabledRoles"):
                    yield Violation(file.node.path, f"{grant.role} sees every row of {'.'.join(grant.on)}")

    def in_trino(file: File) -> Iterator[Violation]:
        for rule_ in _tables(file.json()):
            role = str(rule_.get("group")).removeprefix("role-")
            dataset = catalog.datasets.get((str(rule_.get("schema")), str(rule_.get("table"))))
            reads = "SELECT" in (rule_.get("privileges") or ())
            if not (dataset and dataset.scoped_by and role in catalog.entitled and reads):
                continue
            if not _compares(str(rule_.get("filter") or ""), dataset.scoped_by, "current_groups"):
                yield Violation(file.node.path, f"{role} sees every row of {rule_['schema']}.{rule_['table']}")

    yield from judged_each(
        ((file.resource, file) for file in files_of(stack, "clickhouse-access", "access.sql")), in_clickhouse
    )
    yield from judged_each(((file.resource, file) for file in files_of(stack, "trino-access", ".json")), in_trino)


def _compares(condition: str, column: str, reader: str) -> bool:
    # Exactly one membership test: what stands beside it, an OR above all, could undo it.
    test = (
        rf"(?:has|contains)\(\s*{reader}\(\)\s*,\s*concat\(\s*'[a-z]+-'\s*,\s*[`\"]?{re.escape(column)}[`\"]?\s*\)\s*\)"
    )
    return re.fullmatch(test, condition.strip()) is not None


def _tables(document: Any) -> Iterator[dict[str, Any]]:
    tables = document.get("tables") if isinstance(document, dict) else None
    for rule_ in tables if isinstance(tables, list) else ():
        if isinstance(rule_, dict):
            yield rule_
