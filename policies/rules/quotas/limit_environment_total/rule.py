from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from policies.amounts import shown_amount
from policies.environments import environment_of
from policies.model import Resource, Severity, Stack, Violation
from policies.pod_size import ZERO
from policies.quotas import hard_limits, least_limits, namespace_quotas
from policies.rule import WholeStack, rule
from policies.rules.quotas.limit_environment_total.totals import environment_total
from policies.whole import judged_each


@rule(
    id="QUOTA-004",
    title="Limit the sum of all quotas to what the environment has",
    severity=Severity.HIGH,
    topics=("quota", "capacity", "cost"),
    applies_to=WholeStack(),
    rationale=(
        "Quotas that promise more than there is are kept until everybody wants what is theirs; then pods wait that the"
        " quota let in, on the day of the highest load."
    ),
    remediation=(
        "Lower the requests.cpu or requests.memory of some quota, or raise the total of the environment together with"
        " its nodes and its budget (totals.yaml beside this rule)."
    ),
)
def limit_environment_total(stack: Stack) -> Iterator[Violation]:
    """One violation, on each quota from the one on that no longer fits, for each of CPU and memory."""
    totals = environment_total(environment_of(stack.name))
    used = dict.fromkeys(totals, ZERO)

    placed = namespace_quotas(stack)

    def check(quotas: list[Resource]) -> Iterator[Violation]:
        # Of several quotas in a namespace the least one holds; the first is where it is said.
        least = least_limits(quotas)
        for name, node in hard_limits(quotas[0]):
            total: Decimal | None = totals.get(name)
            if total is None:
                continue
            used[name] += least.get(name, ZERO)
            if used[name] > total:
                placed.vouch()
                excess = shown_amount(name, used[name] - total)
                yield Violation(
                    node.path,
                    f"with this quota {name} comes to {shown_amount(name, used[name])} in all namespaces, {excess} more"
                    f" than the {shown_amount(name, total)} of the environment",
                )

    yield from judged_each(((quotas[0], quotas) for quotas in placed.values()), check)
