from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.kinds import GroupKind, group_kind, namespace_of, of_kinds
from policies.label_selectors import labels_at, selects
from policies.model import Resource, Severity, Stack, Violation
from policies.pod_stack import BUDGETS, CONTROLLERS
from policies.pods import pods_of
from policies.rule import WholeStack, rule
from policies.unknown import UnknownValueError
from policies.whole import judged_each

_SERVICE: GroupKind = ("core", "Service")


@rule(
    id="POD-044",
    title="Require Services and disruption budgets to select pods that are there",
    severity=Severity.MEDIUM,
    topics=("correctness", "availability"),
    applies_to=WholeStack(),
    rationale=(
        "A Service that selects nothing refuses every connection, and a budget that selects nothing protects nothing;"
        " neither is an error to Kubernetes, and both come from a label that was changed in one place."
    ),
    remediation="Let the selector name labels that the pod template carries.",
)
def require_selected_pods(stack: Stack) -> Iterator[Violation]:
    """Judges namespaces in which the stack runs something, and selectors whose pods are in another one.

    Selectors for the pods of an operator are left out.
    """
    pods = _labels_by_namespace(stack)
    operators = {group_kind(resource)[0] for resource in stack.resources} - {""}

    def judge(resource: Resource) -> Iterator[Violation]:
        there = pods.get(namespace_of(resource))
        selector = resource.root.at("spec", "selector")
        if not selector.value():
            return
        service = group_kind(resource) == _SERVICE
        wanted = labels_at(selector if service else selector["matchLabels"])

        def chosen(found: list[dict[str, str]]) -> bool:
            return any(wanted.items() <= each.items() if service else selects(selector, each) for each in found)

        if not there:
            if elsewhere := [name for name, found in pods.items() if chosen(found)]:
                yield Violation(
                    selector.path,
                    f"the pods with these labels are in the namespace {' and '.join(elsewhere)}, not in that of the"
                    f" {resource.kind}",
                )
        elif not chosen(there) and not _of_operator(wanted, operators):
            yield Violation(selector.path, "nothing that the stack runs in this namespace has these labels")

    candidates = of_kinds(stack.resources, _SERVICE, *BUDGETS)
    yield from judged_each(((resource, resource) for resource in candidates), judge)


def _labels_by_namespace(stack: Stack) -> Mapping[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    unknown: set[str] = set()
    for resource in stack.resources:
        namespace = ""
        try:
            namespace = namespace_of(resource)
            places = [pod.node for pod in pods_of(resource)]
            if not places and group_kind(resource) in CONTROLLERS:
                places = [resource.root.at("spec", "template")]
            for place in places:
                found.setdefault(namespace, []).append(labels_at(place.at("metadata", "labels")))
        except UnknownValueError:
            # Where it is not known yet what runs, it is not known what is selected.
            unknown.add(namespace)
    return {} if "" in unknown else {name: labels for name, labels in found.items() if name not in unknown}


def _of_operator(wanted: Mapping[str, str], groups: set[str]) -> bool:
    # Operators label their pods with keys of their own domain, such as strimzi.io/cluster for kafka.strimzi.io.
    domains = {key.partition("/")[0] for key in wanted if "/" in key}
    return any(group == domain or group.endswith(f".{domain}") for domain in domains for group in groups)
