"""KEDA: its pods, traffic, values and permissions (docs/adr/0025).

The operator asks triggers and keeps an autoscaler for each workload that scales by them; the metrics server hands those
autoscalers the operator's numbers. It is installed for the workloads that need it, and may look at nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import Field

from infra.components.foundation.operators_layout import (
    AUTHORITY,
    METRICS_PORT,
    SERVER_HOURS,
    SERVER_RENEWAL_HOURS,
    duration,
)
from infra.components.foundation.operators_pods import (
    COMPONENT,
    DISRUPTION,
    PART_OF_LABEL,
    OperatorPods,
    chart_labels,
    chart_resources,
    network,
    zone_spread,
)
from infra.core.catalog.charts import Footprint
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args
from infra.core.wiring import Edge, Member, Party, labelled_edge_policies
from infra.core.wiring.mesh import CALLED_DIRECTLY

Manifest = dict[str, Any]
KEDA = "keda"
OPERATOR = "keda-operator"
METRICS = "keda-operator-metrics-apiserver"
ACCOUNTS = {OPERATOR: "keda-operator", METRICS: "keda-metrics-server"}
"""Names that the chart gives its Deployments and their ServiceAccounts (chart 2.20.2, templates and values.yaml)."""

LEASE = "operator.keda.sh"
"""Name of the lease by which one operator of several leads (KEDA 2.20.2, cmd/operator, leader-election-id)."""

ANSWERS_PORT = 9666
"""Port on which the operator tells the metrics server its numbers (chart 2.20.2, templates/manager/service.yaml)."""

SERVING_PORT = METRICS_PORT + 10
"""Port of the metrics server. The chart's own, 6443, is one that whoever uses the API server may reach anywhere."""

_ACCOUNT_KEYS = {"operator": OPERATOR, "metricServer": METRICS}
_RBAC = "rbac.authorization.k8s.io"
_READ = ("get", "list", "watch")
_CACHED = ("list", "watch")


class ScalerPlace(Args):
    """Where KEDA runs, and for whom."""

    namespace: str = Field(description="namespace that it runs in")
    ownership: Ownership
    watched: tuple[str, ...] = Field(min_length=1, description="namespaces of the workloads that scale")
    edges: tuple[Edge, ...] = Field(description="the operator's connections to what its triggers ask")


def operator(namespace: str) -> Party:
    """The operator's pods, by the labels that the chart's template gives them."""
    return _party(OPERATOR, namespace)


def pods(namespace: str) -> tuple[OperatorPods, ...]:
    """Both Deployments of the chart."""
    return (
        OperatorPods(chart=KEDA, party=operator(namespace)),
        OperatorPods(chart=KEDA, party=_party(METRICS, namespace), called_on=SERVING_PORT),
    )


def members(place: ScalerPlace) -> tuple[Member, ...]:
    """Their places in the graph: the operator asks what the triggers name, and the metrics server asks the operator."""
    asked, asking = (pod.party for pod in pods(place.namespace))
    answers = asked.offer("metricsservice", ANSWERS_PORT)
    common: dict[str, Any] = {"component": COMPONENT, "ownership": place.ownership, "api_server": True}
    return (
        Member(party=asked, serves=(answers,), edges=place.edges, **common),
        Member(party=asking, edges=(Edge(client=asking, offer=answers),), **common),
    )


def policies(place: ScalerPlace) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of the NetworkPolicies: the API server both ways, and both sides of each connection."""
    yield from network(pods(place.namespace), place.ownership)
    for member in members(place):
        labels = object_labels(member.party.name, COMPONENT, place.ownership)
        for edge in member.edges:
            for role, manifest in labelled_edge_policies(edge, labels):
                yield f"{member.party.name}-{role}", manifest


def values(place: ScalerPlace, footprint: Footprint) -> dict[str, Any]:
    """Values of the chart (2.20.2, values.yaml).

    Its own roles would let the operator read the Secrets beside it, keys of other operators among them, and delete
    every autoscaler and job where it watches. Those of ``rights`` take their place.
    """
    asked, asking = (pod.party for pod in pods(place.namespace))
    disruption = {"maxUnavailable": DISRUPTION["maxUnavailable"]}
    resources = chart_resources(footprint)
    return {
        "watchNamespace": ",".join(place.watched),
        # Where Secrets for the whole cluster would be; by default beside the operator, where other operators keep keys.
        "env": [{"name": "KEDA_CLUSTER_OBJECT_NAMESPACE", "value": place.watched[0]}],
        "crds": {"install": False},
        "rbac": {"create": False},
        "extraObjects": [*accounts(place), *rights(place)],
        # It would look for what is refused here before anything is declared: two autoscalers of one workload.
        "webhooks": {"enabled": False},
        # The pods ask for their token; any other that ran as the account would not get it unasked.
        "serviceAccount": {
            **{key: {"create": False, "name": ACCOUNTS[name]} for key, name in _ACCOUNT_KEYS.items()},
            "webhooks": {"create": False},
        },
        "operator": {"replicaCount": footprint.replicas},
        "metricsServer": {"replicaCount": footprint.replicas},
        "resources": {"operator": resources, "metricServer": resources},
        "podDisruptionBudget": {"operator": disruption, "metricServer": disruption},
        "topologySpreadConstraints": {"operator": zone_spread(asked), "metricsServer": zone_spread(asking)},
        # Its caller, the API server, is in no mesh; the operator, which it calls, takes nobody without an identity.
        "podAnnotations": {"metricsAdapter": CALLED_DIRECTLY},
        "service": {"portHttpsTarget": SERVING_PORT},
        "certificates": {
            "autoGenerated": False,
            "certManager": {
                "enabled": True,
                "generateCA": False,
                "duration": duration(SERVER_HOURS),
                "renewBefore": duration(SERVER_RENEWAL_HOURS),
                "issuer": {"generate": False, "name": AUTHORITY, "kind": "Issuer"},
            },
        },
        "image": {"pullPolicy": "IfNotPresent"},
        "logging": {"operator": {"format": "json"}, "metricServer": {"zapEncoder": "json"}},
        # The chart writes the label of what it is part of itself.
        "additionalLabels": {
            key: value for key, value in chart_labels(KEDA, place.ownership).items() if key != PART_OF_LABEL
        },
        "priorityClassName": "platform-critical",
        "enableServiceLinks": False,
    }


def accounts(place: ScalerPlace) -> Iterator[Manifest]:
    """The ServiceAccounts, by the chart's own names. For the pods to have a token, the chart would hand it to all."""
    for name in ACCOUNTS.values():
        metadata = {
            "name": name,
            "namespace": place.namespace,
            "labels": object_labels(name, COMPONENT, place.ownership),
        }
        yield {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata,
            "automountServiceAccountToken": False,
        }


def rights(place: ScalerPlace) -> Iterator[Manifest]:
    """What both may do in the cluster: KEDA 2.20.2 starts and scales Deployments by lags, queries and times with it.

    Its client keeps a copy of each kind that it ever asks for, Secrets among them, so it lists and watches them. The
    autoscalers' own controller may read what the metrics server answers by a role of Kubernetes itself.
    """
    account, caller = ACCOUNTS[OPERATOR], ACCOUNTS[METRICS]
    events = _rule("", "events", "create", "patch"), _rule("events.k8s.io", "events", "create", "patch")
    for namespace in place.watched:
        scaling = (
            _rule("", "secrets", *_CACHED),
            _rule("apps", "deployments", *_READ),
            _rule("apps", "deployments/scale", "get", "patch", "update"),
            _rule("autoscaling", "horizontalpodautoscalers", *_READ, "create", "delete", "patch", "update"),
            _rule("keda.sh", "scaledobjects", *_READ, "patch", "update"),
            _rule("keda.sh", "scaledobjects/finalizers", "patch", "update"),
            _rule("keda.sh", "scaledobjects/status", "patch", "update"),
            _rule("keda.sh", "triggerauthentications", *_READ, "patch", "update"),
            _rule("keda.sh", "triggerauthentications/status", "patch", "update"),
            # Kinds that it must be able to look for, or it does not start. There are none.
            _rule("keda.sh", "scaledjobs", *_CACHED),
            _rule("eventing.keda.sh", "cloudeventsources", *_CACHED),
            *events,
        )
        yield from _granted(place, account, OPERATOR, scaling, namespace)
    leading = (
        _rule("coordination.k8s.io", "leases", "create"),
        {**_rule("coordination.k8s.io", "leases", "get", "patch", "update"), "resourceNames": [LEASE]},
        *events,
    )
    yield from _granted(place, account, f"{OPERATOR}-leader", leading, place.namespace)
    cluster = (
        _rule("keda.sh", "clustertriggerauthentications", *_CACHED),
        _rule("eventing.keda.sh", "clustercloudeventsources", *_CACHED),
    )
    yield from _granted(place, account, f"platform-{OPERATOR}", cluster)
    # What whoever serves a part of the API needs (Kubernetes, "Configure the Aggregation Layer").
    yield _binding(place, caller, f"platform-{caller}-delegator", "ClusterRole", "system:auth-delegator")
    known = "extension-apiserver-authentication-reader"
    yield _binding(place, caller, f"platform-{caller}", "Role", known, "kube-system")


def chart_namespaces(place: ScalerPlace) -> tuple[str, ...]:
    """Namespaces of the program in which the chart declares something."""
    return tuple(dict.fromkeys((place.namespace, *place.watched)))


def _party(name: str, namespace: str) -> Party:
    selector = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": KEDA}
    return Party(name=name, namespace=namespace, selector=selector, account=ACCOUNTS[name])


def _rule(group: str, resource: str, *verbs: str) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "verbs": [*verbs]}


def _granted(
    place: ScalerPlace,
    account: str,
    name: str,
    rules: Iterable[dict[str, Any]],
    namespace: str | None = None,
) -> Iterator[Manifest]:
    """A role and its binding: in a namespace, or of the cluster without one."""
    kind = "Role" if namespace else "ClusterRole"
    yield {**_head(place, kind, name, namespace), "rules": [*rules]}
    yield _binding(place, account, name, kind, name, namespace)


def _binding(
    place: ScalerPlace,
    account: str,
    name: str,
    kind: str,
    role: str,
    namespace: str | None = None,
) -> Manifest:
    return {
        **_head(place, "RoleBinding" if namespace else "ClusterRoleBinding", name, namespace),
        "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": place.namespace}],
    }


def _head(place: ScalerPlace, kind: str, name: str, namespace: str | None) -> Manifest:
    labels = object_labels(name, COMPONENT, place.ownership)
    metadata = {"name": name, "labels": labels, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata}
