from __future__ import annotations

from collections.abc import Iterator

from policies.label_selectors import selects
from policies.model import Severity, Stack, Violation
from policies.node import Node
from policies.pod_stack import Workload, workloads_of
from policies.rule import WholeStack, rule
from policies.whole import judged_each

_KEYS = frozenset({"kubernetes.io/hostname", "topology.kubernetes.io/zone"})


@rule(
    id="POD-032",
    title="Require replicas to be spread over nodes or zones",
    severity=Severity.MEDIUM,
    topics=("availability",),
    applies_to=WholeStack(),
    rationale="Replicas that happen to be on one node, or in one zone, fail together.",
    remediation=(
        "Add topologySpreadConstraints over topology.kubernetes.io/zone and kubernetes.io/hostname, or podAntiAffinity,"
        " whose selector matches the pods' own labels."
    ),
)
def require_spread(stack: Stack) -> Iterator[Violation]:
    """Asks of each workload that may have more than one pod; a selector that selects other pods does not count.

    One that says no number, and that nothing in the stack scales, may have any: what else would set it is not here.
    """

    def judge(workload: Workload) -> Iterator[Violation]:
        if (workload.counted and workload.most() < 2) or _spread(workload) or _apart(workload):
            return
        path = workload.template.at("spec", "topologySpreadConstraints").path
        many = f"its up to {workload.most()} replicas" if workload.counted else "its replicas (no number is said)"
        yield Violation(path, f"nothing spreads {many} over nodes or zones")

    yield from judged_each(workloads_of(stack), judge)


def _spread(workload: Workload) -> bool:
    constraints = workload.template.at("spec", "topologySpreadConstraints").items()
    return any(_counts(constraint, workload) for constraint in constraints)


def _apart(workload: Workload) -> bool:
    rules = workload.template.at("spec", "affinity", "podAntiAffinity")
    required = rules["requiredDuringSchedulingIgnoredDuringExecution"].items()
    preferred = rules["preferredDuringSchedulingIgnoredDuringExecution"].items()
    terms = [*required, *(term["podAffinityTerm"] for term in preferred)]
    return any(_counts(term, workload) and _here(term, workload) for term in terms)


def _counts(term: Node, workload: Workload) -> bool:
    selector = term["labelSelector"]
    return term["topologyKey"].text() in _KEYS and selector.exists() and selects(selector, workload.labels)


def _here(term: Node, workload: Workload) -> bool:
    names = [name.text() for name in term["namespaces"].items()]
    return not names or workload.namespace in names
