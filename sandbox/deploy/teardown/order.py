"""The order of a teardown: what is deleted before what, from the dependencies that the program declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sandbox.engine.events import StepPlanned

STAGES: Final = (
    "workloads, load balancers and volumes",
    "controllers",
    "custom resource definitions and admission",
    "nodes and add-ons",
    "cluster",
    "network",
    "data, keys and identities",
)
"""The stages of a teardown, first to last. Data comes last because it is what somebody may want to keep longest."""

CHART: Final = "kubernetes:helm.sh/v4:Chart"
"""A Helm chart: a controller with what belongs to it."""

_DEFINITIONS: Final = ("CustomResourceDefinition", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
_NODES: Final = ("Addon", "NodeGroup", "PodIdentityAssociation", "AccessEntry", "AccessPolicyAssociation")
_NETWORK: Final = frozenset(
    {
        "DefaultSecurityGroup",
        "Eip",
        "FlowLog",
        "InternetGateway",
        "NatGateway",
        "Route",
        "RouteTable",
        "RouteTableAssociation",
        "SecurityGroup",
        "Subnet",
        "Vpc",
        "VpcEndpoint",
    }
)

WITHOUT_FINALIZERS: Final = frozenset({"networking.istio.io", "security.istio.io"})
"""Groups whose objects only describe traffic: nothing outside the cluster belongs to them and no controller has to let
go of them, so they may outlive it. They have to: no pod may start before its namespace refuses what is not declared."""


def stage(resource: StepPlanned) -> int | None:
    """Return the index of a resource's stage; None for what stands for nothing, such as a component."""
    package, kind = resource.type.partition(":")[0], resource.type.rpartition(":")[2]
    if resource.type == CHART:
        return 1
    if not resource.custom or package in ("pulumi", "random"):
        return None
    if package == "kubernetes":
        return 2 if kind in _DEFINITIONS else 0
    if resource.type.startswith("aws:eks/"):
        return 3 if kind in _NODES else 4
    if resource.type == "aws:ec2/launchTemplate:LaunchTemplate":
        return 3
    return 5 if resource.type.startswith("aws:ec2/") and kind in _NETWORK else 6


def prerequisites(resources: Sequence[StepPlanned]) -> dict[str, set[str]]:
    """Return, for each resource, everything that may only be deleted after it.

    Dependencies, the provider and the parent count, and for a component all that is inside it, as in Pulumi's engine
    (pulumi/pulumi, pkg/resource/graph/dependency_graph.go, DependenciesOf).
    """
    by_urn = {resource.urn: resource for resource in resources}
    children: dict[str, list[str]] = {}
    for resource in resources:
        children.setdefault(resource.parent, []).append(resource.urn)
    found: dict[str, set[str]] = {}
    for resource in resources:
        found[resource.urn] = _reached(resource, by_urn, children)
    return found


def _reached(
    resource: StepPlanned, by_urn: Mapping[str, StepPlanned], children: Mapping[str, Sequence[str]]
) -> set[str]:
    seen: set[str] = set()
    waiting = [*_needs(resource)]
    while waiting:
        urn = waiting.pop()
        if urn in seen or urn not in by_urn or urn == resource.urn:
            continue
        seen.add(urn)
        waiting += _needs(by_urn[urn])
        if not by_urn[urn].custom and urn in resource.dependencies:
            waiting += children.get(urn, ())
    return seen


def _needs(resource: StepPlanned) -> Iterator[str]:
    yield from resource.dependencies
    yield resource.parent
    yield resource.provider.rpartition("::")[0]


def violations(resources: Sequence[StepPlanned]) -> list[str]:
    """List, as sentences, what could be deleted too early; empty when the dependencies keep the order.

    Custom resources go before their definition and before the chart of the component that declares it; every object
    of the cluster goes before the nodes, and the nodes and the cluster before the network that they stand in.
    """
    needs = prerequisites(resources)
    found: list[str] = []
    definitions = {_defined(each): each for each in resources if each.type.endswith(":CustomResourceDefinition")}
    charts: dict[str, list[str]] = {}
    for each in resources:
        if each.type == CHART:
            charts.setdefault(each.parent, []).append(each.urn)
    nodes = [each for each in resources if stage(each) == 3 and each.type.startswith("aws:eks/")]
    network = [each for each in resources if stage(each) == 5 and each.type.endswith((":Subnet", ":NatGateway"))]
    for each in resources:
        wanted: list[str] = []
        if each.type.startswith("kubernetes:") and each.custom:
            definition = definitions.get(_group_and_kind(each))
            if definition is not None:
                wanted.append(definition.urn)
                if _group_and_kind(each)[0] not in WITHOUT_FINALIZERS:
                    wanted += charts.get(definition.parent, ())
            wanted += [node.urn for node in nodes if node.type.endswith((":NodeGroup", ":Addon")) and _essential(node)]
        if each.type == "aws:eks/nodeGroup:NodeGroup":
            wanted += [part.urn for part in network]
        late = [urn for urn in wanted if urn not in needs[each.urn]]
        found += [f"{each.urn} may be deleted after {urn}, which it needs" for urn in late]
    return found


def _essential(node: StepPlanned) -> bool:
    """Tell whether pods and volumes cannot be let go of without it: the nodes, and what detaches volumes."""
    return node.type.endswith(":NodeGroup") or node.inputs.get("addonName") == "aws-ebs-csi-driver"


def _defined(definition: StepPlanned) -> tuple[str, str]:
    spec = definition.inputs.get("spec")
    names = spec.get("names", {}) if isinstance(spec, Mapping) else {}
    return str(spec.get("group", "")) if isinstance(spec, Mapping) else "", str(names.get("kind", ""))


def _group_and_kind(resource: StepPlanned) -> tuple[str, str]:
    version = str(resource.inputs.get("apiVersion", ""))
    return version.rpartition("/")[0], str(resource.inputs.get("kind", ""))
