from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.artifacts import File, files_of
from policies.data_catalog import SHARED_AS_TOKENS, SHARED_WITH, Dataset, load_data_catalog
from policies.masks.clickhouse import read_script
from policies.masks.leaks import shows_token
from policies.model import Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged_each


@rule(
    id="MASK-005",
    title="Require what partners see of persons to be tokens",
    severity=Severity.HIGH,
    topics=("masking", "privacy", "sharing"),
    frameworks=("gdpr:28",),
    applies_to=WholeStack(),
    mandatory_everywhere=True,
    rationale=(
        "What leaves the platform cannot be taken back. A token joins tables of partners as well as the value does, but"
        " stands for nothing outside; a mask still shows digits that a partner can look up elsewhere."
    ),
    remediation=(
        "Show partners the token of pii.email, pii.ssn and pii.card, and of every other personal class nothing at all."
    ),
)
def require_tokens_for_sharing(stack: Stack) -> Iterator[Violation]:
    """One violation for each personal column of which a role outside sees anything but its token."""

    def in_clickhouse(file: File) -> Iterator[Violation]:
        script = read_script(file.text)
        views = {view.name: view for view in script.views}
        for grant in script.grants:
            view = views.get(grant.on)
            if grant.role in SHARED_WITH and view and (dataset := load_data_catalog().datasets.get(view.table)):
                for problem in _problems(view.items, dataset, backslashes=True):
                    yield Violation(file.node.path, f"{grant.role} in {'.'.join(view.name)}: {problem}")

    def in_trino(file: File) -> Iterator[Violation]:
        for rule_, dataset in _trino(file.json()):
            listed = [column for column in rule_.get("columns") or () if isinstance(column, dict)]
            constraints = {column.get("name"): column for column in listed}
            shown = {
                name: constraints.get(name, {}).get("mask") or name
                for name in dataset.columns
                if constraints.get(name, {}).get("allow") is not False
            }
            for problem in _problems(shown, dataset, backslashes=False):
                yield Violation(file.node.path, f"{rule_.get('group')} in {rule_.get('table')}: {problem}")

    yield from judged_each(
        ((file.resource, file) for file in files_of(stack, "clickhouse-access", "access.sql")), in_clickhouse
    )
    yield from judged_each(((file.resource, file) for file in files_of(stack, "trino-access", ".json")), in_trino)


def _problems(shown: dict[str, Any], dataset: Dataset, *, backslashes: bool) -> Iterator[str]:
    for column, class_ in dataset.personal.items():
        if column not in shown:
            continue
        if class_ not in SHARED_AS_TOKENS:
            yield f"{column} is {class_}, which partners see nothing of"
        elif not shows_token(str(shown[column]), column, dataset.names, backslashes=backslashes):
            yield f"{column} is {class_}, but not shown as a token"


def _trino(document: Any) -> Iterator[tuple[dict[str, Any], Dataset]]:
    tables = document.get("tables") if isinstance(document, dict) else None
    for rule_ in tables if isinstance(tables, list) else ():
        if isinstance(rule_, dict) and rule_.get("group") in {f"role-{role}" for role in SHARED_WITH}:
            dataset = load_data_catalog().datasets.get((str(rule_.get("schema")), str(rule_.get("table"))))
            if dataset is not None:
                yield rule_, dataset
