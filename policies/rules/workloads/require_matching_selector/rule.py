from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import group_kind, kinds
from policies.label_selectors import is_empty, labels_at, selects
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_OLD = ("core", "ReplicationController")


@rule(
    id="POD-038",
    title="Require a controller's selector to match its own pods",
    severity=Severity.HIGH,
    topics=("correctness", "availability"),
    applies_to=kinds(
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
        ("apps", "ReplicaSet"),
        ("core", "ReplicationController"),
    ),
    rationale=(
        "The API server refuses a selector that does not match the template, in the middle of a deployment; one that"
        " selects everything takes over the pods of others."
    ),
    remediation="Give spec.selector the labels that identify the workload, and the same labels to the pod template.",
)
def require_matching_selector(resource: Resource) -> Iterator[Violation]:
    """A selector that is missing or empty is found as well, but not of a ReplicationController: it has a default."""
    spec = resource.root["spec"]
    if not spec["template"].exists():
        return
    selector = spec["selector"]
    labels = labels_at(spec.at("template", "metadata", "labels"))
    if group_kind(resource) == _OLD:
        if not labels_at(selector).items() <= labels.items():
            yield Violation(selector.path, "the controller's selector does not select the pods of its own template")
        return
    if not selector.exists() or is_empty(selector):
        yield Violation(selector.path, "the controller does not say which pods are its own")
    elif not selects(selector, labels):
        yield Violation(selector.path, "the controller's selector does not select the pods of its own template")
