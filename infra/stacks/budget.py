"""Whether everything fits: workloads their namespaces, namespaces their environment, tenants their shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from infra.core.catalog.catalog import FOLDER
from infra.core.errors import Problem
from infra.core.quantity import Compute
from infra.core.quota import Budget, Share, namespace_budget, namespace_overruns, overruns

LESS = "Raise quota, or ask for fewer replicas or smaller sizes"


def quota_problems(
    shares: Sequence[Share], tenants: Sequence[Share], quota: Compute, *, file: str
) -> tuple[Problem, ...]:
    """Everything that does not fit at maximum replicas, with the workload that breaks the budget and by how much.

    Args:
        shares: what every workload and operator takes, in the order of declaration; those of a tenant's own namespace
            count against the tenant's share, all others against what the tenants leave.
        tenants: what each tenant takes of the environment, which is also the ResourceQuota of its namespace.
        quota: what everything in the environment together may request.
        file: name of the configuration's file, for the errors.
    """
    return (*_environment(shares, tenants, quota, file), *_tenants(shares, tenants))


def platform_budgets(shares: Sequence[Share], tenants: Sequence[Share]) -> Mapping[str, Budget]:
    """The ResourceQuota of each namespace that is no tenant's, in the order in which they are first used."""
    homes = {tenant.namespace for tenant in tenants}
    own: dict[str, list[Share]] = {}
    for share in shares:
        if share.namespace not in homes:
            own.setdefault(share.namespace, []).append(share)
    return {namespace: namespace_budget(inside) for namespace, inside in own.items()}


def largest_pod(shares: Iterable[Share]) -> Compute:
    """Limits of the largest pod: no container of the namespace needs more, so its LimitRange allows no more."""
    limits = [Compute(-(-share.limits.cpu // share.pods), -(-share.limits.memory // share.pods)) for share in shares]
    return Compute(max(limit.cpu for limit in limits), max(limit.memory for limit in limits))


def _environment(shares: Sequence[Share], tenants: Sequence[Share], quota: Compute, file: str) -> Iterator[Problem]:
    for overrun in overruns(tenants, quota):
        fix = f"Lower quotaPercent in {FOLDER}/tenants.yaml, or name fewer tenants"
        yield Problem(file, "quota", str(quota), f"the tenants' shares are more than all of it: {overrun}", fix)
    taken = sum((tenant.requests for tenant in tenants), Compute())
    left = Compute(max(0, quota.cpu - taken.cpu), max(0, quota.memory - taken.memory))
    homes = {tenant.namespace for tenant in tenants}
    platform = [share for share in shares if share.namespace not in homes]
    after = f"after the tenants' shares ({taken}) {left} are left"
    why = [str(overrun) for overrun in overruns(platform, left)]
    if why:
        limit = f"smaller than what runs in it: {after}, but {'; '.join(why)}"
        yield Problem(file, "quota", str(quota), limit, LESS)
        return
    # Each namespace's quota is in whole cores and GiB: the quotas can be more than what runs.
    rounded = [
        Share("quota", namespace, budget.requests, budget.limits, budget.pods)
        for namespace, budget in platform_budgets(shares, tenants).items()
    ]
    why = [str(overrun) for overrun in overruns(rounded, left)]
    if why:
        limit = f"smaller than the namespaces' quotas, which are whole cores and GiB: {after}, but {'; '.join(why)}"
        yield Problem(file, "quota", str(quota), limit, LESS)


def _tenants(shares: Sequence[Share], tenants: Sequence[Share]) -> Iterator[Problem]:
    budgets = {
        tenant.namespace: Budget(tenant.requests, tenant.limits, tenant.pods, tenant.storage, tenant.volumes)
        for tenant in tenants
    }
    names = {tenant.namespace: tenant for tenant in tenants}
    for namespace, overrun in namespace_overruns(shares, budgets):
        tenant = names[namespace]
        limit = f"smaller than what runs in {namespace}: {overrun}"
        field = f"tenants.{tenant.name}.quotaPercent"
        fix = "Raise it, or ask for fewer replicas or smaller sizes there"
        yield Problem(f"{FOLDER}/tenants.yaml", field, f"a share of {tenant.requests}", limit, fix)
