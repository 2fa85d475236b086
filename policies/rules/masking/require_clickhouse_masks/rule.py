from __future__ import annotations

from collections.abc import Iterator

from policies.artifacts import File, files_of
from policies.data_catalog import STEWARDS, DataCatalog, load_data_catalog
from policies.masks.clickhouse import Grant, Script, View, read_script
from policies.masks.leaks import problem_of_mask
from policies.model import Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged_each, of_types

_INSTALLATION = ("kubernetes:clickhouse.altinity.com/v1:ClickHouseInstallation",)
_WRITING = frozenset({"INSERT"})


@rule(
    id="MASK-001",
    title="Require personal data to be masked in ClickHouse",
    severity=Severity.CRITICAL,
    topics=("masking", "privacy", "clickhouse"),
    frameworks=("gdpr:25", "pci-dss-4.0:3.4.1"),
    applies_to=WholeStack(),
    mandatory_everywhere=True,
    rationale=(
        "One view that forgot a column, or one grant on the table behind it, shows names, card and social security"
        " numbers to everybody with that role, and nothing looks wrong until somebody reads them."
    ),
    remediation=(
        "Let roles read views only, which mask or leave out every personal column, and grant the tables to nobody but"
        " the views' definer (HOST NONE) and the connector of an engine that masks by itself."
    ),
)
def require_clickhouse_masks(stack: Stack) -> Iterator[Violation]:
    """One violation for each way in which a role other than a steward could read a personal column.

    The views are judged by what they show for known personal values. A statement, view or expression that cannot be
    understood is a violation: it may show anything.
    """
    files = list(files_of(stack, "clickhouse-access", "access.sql"))
    if not files:
        for installation in of_types(stack, _INSTALLATION):
            yield Violation("", "ClickHouse is deployed, but nothing says who sees what", resource=installation)
    connectors = frozenset({"trino-connector"}) if any(files_of(stack, "trino-access")) else frozenset[str]()

    def masked(file: File) -> Iterator[Violation]:
        for problem in _problems(read_script(file.text), load_data_catalog(), connectors):
            yield Violation(file.node.path, problem)

    yield from judged_each(((file.resource, file) for file in files), masked)


def _problems(script: Script, catalog: DataCatalog, connectors: frozenset[str]) -> Iterator[str]:
    for statement in script.opaque:
        yield f"nobody can say what this statement grants: {statement.splitlines()[0][:60]!r}"
    views = {view.name: view for view in script.views}
    for grant in script.grants:
        if grant.privilege in _WRITING:
            continue
        if grant.privilege != "SELECT" or "*" in grant.on:
            yield f"{grant.role} gets {grant.privilege} on {'.'.join(grant.on)}, which is more than reading one view"
        elif grant.on in views:
            yield from _of_view(grant, views[grant.on], script, catalog)
        else:
            yield from _of_table(grant, script, catalog, connectors)


def _of_table(grant: Grant, script: Script, catalog: DataCatalog, connectors: frozenset[str]) -> Iterator[str]:
    dataset = catalog.datasets.get(grant.on)
    if dataset is None:
        yield f"{grant.role} may read {'.'.join(grant.on)}, which the catalog does not know"
    elif dataset.personal and grant.role not in (*STEWARDS, *script.nobodies, *connectors):
        columns = ", ".join(dataset.personal)
        yield f"{grant.role} may read the table {'.'.join(grant.on)} itself, with {columns} in clear"


def _of_view(grant: Grant, view: View, script: Script, catalog: DataCatalog) -> Iterator[str]:
    dataset = catalog.datasets.get(view.table)
    if dataset is None:
        yield f"the view {'.'.join(view.name)} reads {'.'.join(view.table)}, which the catalog does not know"
        return
    if view.definer not in script.nobodies:
        yield f"the view {'.'.join(view.name)} reads as {view.definer}, as which somebody may sign in"
    if grant.role in STEWARDS or not dataset.personal:
        return
    for item in view.opaque:
        yield f"{grant.role} sees {item[:40]!r} in {'.'.join(view.name)}, and nobody can say what that shows"
    for column, expression in view.items.items():
        problem = problem_of_mask(expression, tuple(dataset.personal), dataset.names, backslashes=True)
        if problem:
            yield f"{grant.role} sees {column} of {'.'.join(view.table)}: {problem}"
