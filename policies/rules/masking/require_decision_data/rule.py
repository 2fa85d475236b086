from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.artifacts import File, files_of
from policies.data_catalog import LEVELS, STEWARDS, level_of, load_data_catalog
from policies.model import Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged_each


@rule(
    id="MASK-003",
    title="Require access decisions to know every personal column",
    severity=Severity.CRITICAL,
    topics=("masking", "privacy", "opa"),
    frameworks=("gdpr:25",),
    applies_to=WholeStack(),
    mandatory_everywhere=True,
    rationale=(
        "The decision point opens what its data says is harmless. A personal column that it takes for an internal one,"
        " or a role that its data lets see too much, opens the data to all who ask it."
    ),
    remediation=(
        "Render the document anew from the data catalog, and let no role but stewards see a personal class in clear."
    ),
)
def require_decision_data(stack: Stack) -> Iterator[Violation]:
    """One violation for each column whose class is lower than the catalog's, or missing, and for each role too many."""

    def judge(file: File) -> Iterator[Violation]:
        for problem in _problems(file.json()):
            yield Violation(file.node.path, problem)

    yield from judged_each(((file.resource, file) for file in files_of(stack, "opa-data", ".json")), judge)


def _problems(document: Any) -> Iterator[str]:
    datasets, roles = _tables(document, "datasets"), _tables(document, "roles")
    if datasets is None or roles is None:
        yield "there are no datasets and roles that can be read, so that nobody can say what it decides"
        return
    for (_, name), dataset in load_data_catalog().datasets.items():
        if name not in datasets:
            continue
        columns = datasets[name].get("columns")
        known = columns if isinstance(columns, dict) else {}
        for column, class_ in dataset.personal.items():
            says = known.get(column)
            if not isinstance(says, str) or LEVELS.index(level_of(says)) < LEVELS.index(level_of(class_)):
                yield f"{name}.{column} is {class_} in the catalog, but {says!r} for the decision point"
    for name, role in roles.items():
        treatments = role.get("treatments")
        for class_, treatment in (treatments if isinstance(treatments, dict) else {}).items():
            if level_of(str(class_)) == LEVELS[-1] and treatment == "clear" and name not in STEWARDS:
                yield f"the role {name} sees {class_} in clear"


def _tables(document: Any, key: str) -> dict[str, dict[str, Any]] | None:
    table = document.get(key) if isinstance(document, dict) else None
    if not isinstance(table, dict) or not all(isinstance(item, dict) for item in table.values()):
        return None
    return table
