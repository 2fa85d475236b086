"""What a cluster on AWS has so that AWS follows it: who registers pods at a load balancer, and who moves the nodes.

Neither makes anything of its own on AWS. The load balancer and its target group are declared by the program, and so
are the groups of nodes with their least and their most; the one controller keeps the list of targets, the other one a
number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from infra.components.foundation.operators_layout import AUTHORITY
from infra.components.foundation.operators_pods import (
    COMPONENT,
    DISRUPTION,
    OUTSIDE_MESH,
    OperatorPods,
    chart_labels,
    chart_resources,
    network,
    operator_pods,
    zone_spread,
)
from infra.core.catalog.charts import Footprint
from infra.core.iam import Grant, GroupScaling, TargetRegistration
from infra.core.iam.reach import AwsNetwork
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args
from infra.core.names import dns_label
from infra.core.wiring import Member, OutsideEdge, identity_agent_egress, labelled_outside_policy

Manifest = dict[str, Any]
TARGETS = "aws-load-balancer-controller"
NODES = "cluster-autoscaler"
WEBHOOK_PORT = 9443
"""Port on which the API server has bindings judged (chart's values.yaml, webhookBindPort)."""

SPOT_FIRST = "20:\n  - .*spot.*\n10:\n  - .*\n"
"""Whose nodes are started first: those that AWS may take back, while AWS has any. The groups' names begin with `eks-`
and the name of the node group."""

GATES = ("ALBGatewayAPI", "EnableServiceController", "NLBGatewayAPI")
"""Parts of the load balancer controller that make load balancers of their own: off (chart's values.yaml,
controllerConfig.featureGates)."""

NOBODY = 65534
"""User of the autoscaler's process, which writes nothing: any but root will do."""

READ = ("get", "list", "watch")
_RBAC = "rbac.authorization.k8s.io"


class ControllersPlace(Args):
    """Where the controllers run, and what they are for."""

    namespace: str = Field(description="namespace that they run in")
    ownership: Ownership
    cluster: str = Field(description="name of the EKS cluster, and of its network")
    region: str = Field(description="its region")
    bound: str | None = Field(description="namespace whose pods are bound to target groups; nobody's if None")
    targets: str | None = Field(description="name of the target group; none if None")


def charts(place: ControllersPlace) -> tuple[str, ...]:
    """Names of their charts in the catalog."""
    return (NODES, TARGETS) if place.bound else (NODES,)


def pods(place: ControllersPlace) -> tuple[OperatorPods, ...]:
    """Every Deployment, by the labels that the charts' templates give its pods."""
    nodes = operator_pods(NODES, NODES, place.namespace, NODES, NODES)
    targets = operator_pods(TARGETS, TARGETS, place.namespace, TARGETS, TARGETS, called_on=WEBHOOK_PORT)
    return (nodes, targets) if place.bound else (nodes,)


def grants(place: ControllersPlace) -> Iterator[tuple[str, Grant]]:
    """What each of them may do on AWS, by its name."""
    yield NODES, GroupScaling(cluster=place.cluster)
    if place.targets:
        yield TARGETS, TargetRegistration(group=place.targets)


def members(place: ControllersPlace, network_: AwsNetwork) -> tuple[Member, ...]:
    """Their places in the graph: each talks to the API server, and to the services that its role is about."""
    allowed = dict(grants(place))
    return tuple(
        Member(
            party=pod.party,
            component=COMPONENT,
            ownership=place.ownership,
            api_server=True,
            aws_role=True,
            outside=tuple(
                OutsideEdge(client=pod.party, target=target) for target in network_.endpoints([allowed[pod.party.name]])
            ),
        )
        for pod in pods(place)
    )


def policies(place: ControllersPlace, members_: Sequence[Member]) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of the NetworkPolicies: the API server, the node's agent for its role, AWS."""
    yield from network(pods(place), place.ownership)
    for member in members_:
        labels = object_labels(member.party.name, COMPONENT, place.ownership)
        agent = identity_agent_egress(member.party)
        agent["metadata"]["labels"] = dict(labels)
        yield f"{member.party.name}-egress-identity-agent", agent
        for edge in member.outside:
            role, manifest = labelled_outside_policy(edge, labels)
            yield f"{member.party.name}-{role}", manifest


def values(chart: str, place: ControllersPlace, footprint: Footprint) -> dict[str, Any]:
    """Values of one of the charts.

    Args:
        chart: its name in the catalog.
        place: where it runs, and for what.
        footprint: what a replica may use.
    """
    return _targets(place, footprint) if chart == TARGETS else _nodes(place, footprint)


def rights(place: ControllersPlace) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of what the load balancer controller may do in the cluster.

    Its chart would let it change every Service, Ingress and ConfigMap. It reads one namespace here, and writes what
    became of the bindings there.
    """
    if place.bound is None:
        return
    subject = {"kind": "ServiceAccount", "name": TARGETS, "namespace": place.namespace}
    lease = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]}
    leader = "aws-load-balancer-controller-leader"
    rules: tuple[tuple[str, str | None, str, list[dict[str, Any]]], ...] = (
        (
            "leader",
            place.namespace,
            dns_label(TARGETS, "leader"),
            [
                {**lease, "verbs": ["create"]},
                {**lease, "resourceNames": [leader], "verbs": ["get", "patch", "update"]},
                {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
            ],
        ),
        (
            "binder",
            place.bound,
            TARGETS,
            [
                {"apiGroups": [""], "resources": ["endpoints", "pods", "services"], "verbs": [*READ]},
                {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
                {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": [*READ]},
                {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": [*READ]},
                {
                    "apiGroups": ["elbv2.k8s.aws"],
                    "resources": ["targetgroupbindings"],
                    "verbs": [*READ, "patch", "update"],
                },
                {
                    "apiGroups": ["elbv2.k8s.aws"],
                    "resources": ["targetgroupbindings/status"],
                    "verbs": ["patch", "update"],
                },
            ],
        ),
        (
            "reader",
            None,
            dns_label("platform", TARGETS),
            [
                {"apiGroups": [""], "resources": ["namespaces", "nodes"], "verbs": [*READ]},
                {"apiGroups": ["elbv2.k8s.aws"], "resources": ["ingressclassparams"], "verbs": [*READ]},
                {"apiGroups": ["networking.k8s.io"], "resources": ["ingressclasses"], "verbs": [*READ]},
            ],
        ),
    )
    for role, namespace, name, allowed in rules:
        kind = "Role" if namespace else "ClusterRole"
        labels = object_labels(TARGETS, COMPONENT, place.ownership)
        metadata = {"name": name, "labels": labels, **({"namespace": namespace} if namespace else {})}
        yield role, {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, "rules": allowed}
        yield (
            f"{role}-binding",
            {
                "apiVersion": f"{_RBAC}/v1",
                "kind": f"{kind}Binding",
                "metadata": metadata,
                "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": name},
                "subjects": [subject],
            },
        )


def _targets(place: ControllersPlace, footprint: Footprint) -> dict[str, Any]:
    """Values of the load balancer controller's chart (3.5.0, values.yaml)."""
    labels = chart_labels(TARGETS, place.ownership)
    [pod] = [each for each in pods(place) if each.chart == TARGETS]
    return {
        "replicaCount": footprint.replicas,
        "resources": chart_resources(footprint),
        "clusterName": place.cluster,
        "region": place.region,
        # By its name, which is known before it has an id; the metadata service answers no pod.
        "vpcTags": {"Name": place.cluster},
        "watchNamespace": place.bound,
        "controllerConfig": {"featureGates": dict.fromkeys(GATES, False)},
        "createIngressClassResource": False,
        "ingressClassParams": {"create": False},
        "enableServiceMutatorWebhook": False,
        "webhookConfig": {"disableIngressValidation": True},
        "enablePodReadinessGateInject": False,
        "enableBackendSecurityGroup": False,
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
        "webhookBindPort": WEBHOOK_PORT,
        # Otherwise the chart makes another authority every time that it is rendered.
        "enableCertManager": True,
        "certManager": {"issuerRef": {"kind": "Issuer", "name": AUTHORITY}},
        "rbac": {"create": False},
        "serviceAccount": {"create": True, "name": TARGETS},
        "additionalLabels": labels,
        "podLabels": {**labels, **OUTSIDE_MESH},
        "priorityClassName": "platform-critical",
        "podDisruptionBudget": {key: value for key, value in DISRUPTION.items() if key != "enabled"},
        "topologySpreadConstraints": zone_spread(pod.party),
        "podSecurityContext": {"fsGroup": NOBODY, "seccompProfile": {"type": "RuntimeDefault"}},
        "securityContext": _confined(),
    }


def _nodes(place: ControllersPlace, footprint: Footprint) -> dict[str, Any]:
    """Values of the cluster autoscaler's chart (9.59.0, values.yaml)."""
    labels = chart_labels(NODES, place.ownership)
    [pod] = [each for each in pods(place) if each.chart == NODES]
    return {
        "fullnameOverride": NODES,
        "nameOverride": NODES,
        "cloudProvider": "aws",
        "awsRegion": place.region,
        "autoDiscovery": {"clusterName": place.cluster},
        "replicaCount": footprint.replicas,
        "resources": chart_resources(footprint),
        "expanderPriorities": SPOT_FIRST,
        "extraArgs": {
            "expander": "priority,least-waste",
            # Ours write to scratch volumes only, which hold nothing that is needed elsewhere.
            "skip-nodes-with-local-storage": "false",
            "logtostderr": "true",
            "stderrthreshold": "info",
            "v": "2",
        },
        "additionalLabels": labels,
        "podLabels": OUTSIDE_MESH,
        "priorityClassName": "platform-critical",
        "podDisruptionBudget": {"maxUnavailable": DISRUPTION["maxUnavailable"]},
        "topologySpreadConstraints": zone_spread(pod.party),
        "rbac": {"serviceAccount": {"create": True, "name": NODES}},
        "service": {"create": False},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "runAsGroup": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containerSecurityContext": _confined(),
    }


def _confined() -> dict[str, Any]:
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }
