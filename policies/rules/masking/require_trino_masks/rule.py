from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.artifacts import File, files_of
from policies.data_catalog import STEWARDS, Dataset, load_data_catalog
from policies.masks.leaks import TOKEN_SUFFIX, problem_of_mask
from policies.model import Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged_each

_READING = frozenset({"SELECT", "GRANT_SELECT", "OWNERSHIP"})
_STEWARD_GROUPS = frozenset(f"role-{role}" for role in STEWARDS)


@rule(
    id="MASK-002",
    title="Require personal data to be masked in Trino",
    severity=Severity.CRITICAL,
    topics=("masking", "privacy", "trino"),
    frameworks=("gdpr:25", "pci-dss-4.0:3.4.1"),
    applies_to=WholeStack(),
    mandatory_everywhere=True,
    rationale=(
        "Trino reads every store, so that a table rule without a mask opens at once what each store hides. Rules are"
        " regular expressions of which the first that matches decides: a wide one written too early undoes all others."
    ),
    remediation=(
        "Give each table rule of a group other than the stewards' an entry under columns for every personal column,"
        " with a mask or with allow false."
    ),
)
def require_trino_masks(stack: Stack) -> Iterator[Violation]:
    """One violation for each rule that shows a personal column to anybody but stewards.

    Each rule is judged alone, as if no other came before it. The masks are judged by what they show for known personal
    values.
    """

    def masked(file: File) -> Iterator[Violation]:
        for problem in _problems(file.json()):
            yield Violation(file.node.path, problem)

    yield from judged_each(((file.resource, file) for file in files_of(stack, "trino-access", ".json")), masked)


def _problems(document: Any) -> Iterator[str]:
    tables = document.get("tables") if isinstance(document, dict) else None
    if not isinstance(tables, list) or not all(isinstance(rule_, dict) for rule_ in tables):
        yield "there are no table rules that can be read, and without any Trino shows everything to everybody"
        return
    for number, rule_ in enumerate(tables, 1):
        if _is_for_stewards(rule_) or not _READING & set(_texts(rule_.get("privileges"))):
            continue
        for (zone, name), dataset in load_data_catalog().datasets.items():
            if dataset.personal and _matches(rule_.get("schema"), zone) and _matches(rule_.get("table"), name):
                for problem in _shown(rule_, dataset):
                    yield f"table rule {number} ({rule_.get('group', 'everybody')}) on {zone}.{name}: {problem}"


def _shown(rule_: dict[str, Any], dataset: Dataset) -> Iterator[str]:
    columns = rule_.get("columns")
    listed = [column for column in columns if isinstance(column, dict)] if isinstance(columns, list) else []
    constraints = {column.get("name"): column for column in listed}
    personal = tuple(dataset.personal)
    for column in (*personal, *(name for name in dataset.columns if name in constraints and name not in personal)):
        constraint = constraints.get(column)
        if constraint is None:
            yield f"{column} is shown in clear"
        elif constraint.get("allow") is not False:
            mask = constraint.get("mask")
            if not isinstance(mask, str):
                yield f"{column} is shown in clear"
            elif problem := problem_of_mask(mask, personal, dataset.names, backslashes=False):
                yield f"{column}: {problem}"
    for name, constraint in constraints.items():
        mask = constraint.get("mask")
        if not (isinstance(name, str) and name.endswith(TOKEN_SUFFIX) and isinstance(mask, str)):
            continue
        if problem := problem_of_mask(mask, personal, dataset.names, backslashes=False):
            yield f"{name}: {problem}"


def _is_for_stewards(rule_: dict[str, Any]) -> bool:
    group = rule_.get("group")
    return isinstance(group, str) and set(group.split("|")) <= _STEWARD_GROUPS


def _matches(pattern: Any, name: str) -> bool:
    if not isinstance(pattern, str):
        return True
    try:
        return re.fullmatch(pattern, name) is not None
    except re.error:
        return True


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
