"""Whether what scales by more than its CPU can do so here (docs/adr/0025)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infra.core.catalog.catalog import FOLDER, Catalog
from infra.core.errors import Problem
from infra.core.workload.autoscale_check import lag_problems
from infra.core.workload.spec import WorkloadSpec

KEDA = "keda"
"""Name that the scaler's chart would have in the catalog."""


def scaling_problems(workloads: Iterable[WorkloadSpec], catalog: Catalog) -> tuple[Problem, ...]:
    """Everything that would not scale as it is declared: without KEDA the replicas would stay as they are, unnoticed.

    Args:
        workloads: everything that runs.
        catalog: the catalog.
    """
    scaled = [spec for spec in workloads if spec.autoscale]
    return (*_without_scaler(scaled, catalog), *lag_problems(scaled, catalog.topics, catalog.users))


def _without_scaler(scaled: Iterable[WorkloadSpec], catalog: Catalog) -> Iterator[Problem]:
    names = ", ".join(spec.name for spec in scaled)
    if names and KEDA not in catalog.charts:
        limit = "without KEDA nothing reads lags, queries and times: the replicas would stay as they are"
        fix = f"Add the chart {KEDA} and install it (docs/adr/0025), or scale by CPU use"
        yield Problem(f"{FOLDER}/charts.yaml", "charts", f"without {KEDA}, by which {names} would scale", limit, fix)
