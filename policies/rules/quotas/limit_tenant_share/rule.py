from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from policies.amounts import amount_at, shown_amount
from policies.environments import environment_of
from policies.kinds import name_of, of_kinds
from policies.model import Resource, Severity, Stack, Violation
from policies.pod_size import ZERO
from policies.quotas import NAMESPACE, hard_limits, namespace_quotas
from policies.rule import WholeStack, rule
from policies.rules.quotas.limit_environment_total.totals import environment_total
from policies.tenant_shares import tenant_shares
from policies.whole import judged

_TENANT: Final = "platform/tenant"
_OURSELVES: Final = "platform"


@rule(
    id="QUOTA-016",
    title="Limit each tenant to the share of the environment that the catalog gives it",
    severity=Severity.HIGH,
    topics=("quota", "tenancy", "cost"),
    applies_to=WholeStack(),
    rationale=(
        "Tenants pay for a share. A quota above it, or a second namespace beside the first, takes from the platform and"
        " from the others; a namespace of a tenant that the catalog does not know is nobody's."
    ),
    remediation=(
        "Lower the quotas of the tenant's namespaces to quotaPercent of the environment, or raise quotaPercent in"
        " infra/catalog/tenants.yaml, where all shares together stay under 100."
    ),
)
def limit_tenant_share(stack: Stack) -> Iterator[Violation]:
    """One violation for each namespace with which a tenant exceeds its share, and for each of an unknown tenant."""
    shares = tenant_shares()
    totals = environment_total(environment_of(stack.name))
    quotas = namespace_quotas(stack)
    used: dict[tuple[str, str], Decimal] = {}

    def check(namespace: Resource) -> Iterator[Violation]:
        label = namespace.root.at("metadata", "labels")[_TENANT]
        tenant = label.text()
        if tenant is None or tenant == _OURSELVES:
            return
        share = shares.get(tenant)
        if share is None:
            names = ", ".join(sorted(shares)) or "none"
            yield Violation(label.path, f"the catalog has no tenant {tenant!r}; it has {names}")
            return
        for quota in quotas.get(name_of(namespace), [])[:1]:
            for name, node in hard_limits(quota):
                if name not in totals:
                    continue
                taken = used.get((tenant, name), ZERO) + (amount_at(node) or ZERO)
                used[tenant, name] = taken
                most = totals[name] * share / 100
                if taken > most:
                    yield Violation(
                        node.path,
                        f"{tenant} has {shown_amount(name, taken)} {name} with this quota; its {share} % are"
                        f" {shown_amount(name, most)}",
                        resource=quota,
                    )

    yield from judged(of_kinds(stack.resources, NAMESPACE), check)
