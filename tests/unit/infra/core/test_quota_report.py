from infra.core.quantity import Compute, gibibytes
from infra.core.quota import Share, namespace_budget
from infra.core.quota_report import quota_report

BROKER = Share("broker", "streaming", Compute(1500, gibibytes(4)), Compute(3000, gibibytes(4)), 3, gibibytes(30), 3)
DESK = Share("desk", "tenant-desk", Compute(4000, gibibytes(8)), Compute(8000, gibibytes(16)), 40)


def test_what_is_free_is_what_neither_tenants_nor_the_platform_s_namespaces_are_given() -> None:
    budgets = {"streaming": namespace_budget([BROKER]), "tenant-desk": namespace_budget([DESK])}
    page = quota_report([BROKER], [DESK], budgets, Compute(10_000, gibibytes(20)))
    assert "| quota | 10 | 20Gi |" in page
    assert "| promised to tenants | 4 | 8Gi |" in page
    assert "| quotas of the platform's namespaces | 2 | 4Gi |" in page
    assert "| free | 4 | 8Gi |" in page


def test_each_workload_and_each_namespace_has_a_row_with_every_resource_of_its_quota() -> None:
    page = quota_report([BROKER], [], {"streaming": namespace_budget([BROKER])}, Compute(10_000, gibibytes(20)))
    assert "| `streaming` | `broker` | 1500m | 4Gi | 3 | 4Gi | 3 | 30Gi | 3 |" in page
    assert "| `streaming` | 2 | 4Gi | 3 | 4Gi | 3 | 30Gi | 3 |" in page
