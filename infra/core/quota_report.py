"""The quota arithmetic of an environment as a page for a review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from infra.core.markdown import table
from infra.core.quantity import Compute, format_cpu, readable_memory
from infra.core.quota import Budget, Share

_HEAD = ("CPU requests", "memory requests", "CPU limits", "memory limits", "pods", "storage", "volumes")


def quota_report(
    shares: Sequence[Share], tenants: Sequence[Share], budgets: Mapping[str, Budget], quota: Compute
) -> str:
    """Markdown: what the environment gives, each namespace's ResourceQuota, and what each workload takes of it.

    Args:
        shares: what every workload and operator takes at maximum replicas, rollouts included.
        tenants: what each tenant takes of the environment.
        budgets: numbers of each namespace's ResourceQuota.
        quota: what everything in the environment together may request.
    """
    lines = ["## The environment", "", *_environment(tenants, budgets, quota)]
    lines += ["## Namespaces", "", "The ResourceQuota of each namespace. Those of the platform are what runs there at"]
    lines += ["maximum replicas, in whole cores and GiB; a tenant's is its share of the environment.", ""]
    lines += table(("namespace", *_HEAD), ((f"`{name}`", *_cells(budget)) for name, budget in budgets.items()))
    lines += ["## Workloads", "", "At maximum replicas, with the pod that a rolling update adds.", ""]
    lines += table(
        ("namespace", "workload", *_HEAD),
        ((f"`{share.namespace}`", f"`{share.name}`", *_cells(share)) for share in shares),
    )
    return "\n".join(lines).rstrip() + "\n"


def _environment(tenants: Sequence[Share], budgets: Mapping[str, Budget], quota: Compute) -> Iterator[str]:
    homes = {tenant.namespace for tenant in tenants}
    platform = sum((budget.requests for name, budget in budgets.items() if name not in homes), Compute())
    promised = sum((tenant.requests for tenant in tenants), Compute())
    rows = [
        ("quota", quota),
        ("promised to tenants", promised),
        ("quotas of the platform's namespaces", platform),
        ("free", Compute(quota.cpu - promised.cpu - platform.cpu, quota.memory - promised.memory - platform.memory)),
    ]
    yield from table(
        ("", "CPU", "memory"), ((what, format_cpu(of.cpu), readable_memory(of.memory)) for what, of in rows)
    )


def _cells(amount: Budget | Share) -> tuple[str, ...]:
    return (
        format_cpu(amount.requests.cpu),
        readable_memory(amount.requests.memory),
        format_cpu(amount.limits.cpu),
        readable_memory(amount.limits.memory),
        str(amount.pods),
        readable_memory(amount.storage),
        str(amount.volumes),
    )
