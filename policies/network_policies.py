"""NetworkPolicies as Kubernetes reads them, and the pods of a stack that they select."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from policies.kinds import GroupKind, Placed, by_namespace, namespace_of, of_kinds
from policies.label_selectors import Labels, labels_at, selects
from policies.memo import found_once
from policies.model import Resource, Stack
from policies.node import Node
from policies.pods import Pod, pods_of
from policies.unknown import UnknownValueError

NETWORK_POLICY: Final[GroupKind] = ("networking.k8s.io", "NetworkPolicy")
DIRECTIONS: Final = ("Ingress", "Egress")
PEERS: Final = {"Ingress": "from", "Egress": "to"}

_IPV4: Final = 4
_LAST_PORT: Final = 65535
_MEMO: Final = "policy rules"
_POD_FREE_GROUPS: Final = frozenset(
    {
        "core",
        "apps",
        "batch",
        "policy",
        "autoscaling",
        "keda.sh",
        "networking.k8s.io",
        "networking.istio.io",
        "rbac.authorization.k8s.io",
        "security.istio.io",
    }
)
"""API groups whose kinds make no pods but those that they show."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class PolicyRule:
    """One entry of a policy's `ingress` or `egress`.

    Attributes:
        policy: The NetworkPolicy.
        direction: `Ingress` or `Egress`.
        node: The entry's place.
    """

    policy: Resource
    direction: str
    node: Node

    @cached_property
    def peers(self) -> list[Node]:
        """Its peers; none means everybody."""
        return self.node[PEERS[self.direction]].items()

    @cached_property
    def ports(self) -> list[Node]:
        """Its ports; none means every port."""
        return self.node["ports"].items()

    @cached_property
    def port_numbers(self) -> frozenset[int]:
        """The numbers of the ports that it opens; empty if it opens them all, -1 for a port that has only a name."""
        numbers: set[int] = set()
        for port in self.ports:
            first, last = port["port"].integer(), port["endPort"].integer()
            if not port["port"].exists():
                return frozenset()
            if first is None or not 0 < first <= _LAST_PORT:
                numbers.add(-1)
            else:
                numbers.update(range(first, min(max(last or first, first), _LAST_PORT) + 1))
        return frozenset(numbers)


@dataclass(frozen=True, slots=True)
class PodLabels:
    """A pod template of the stack as selectors see it.

    Attributes:
        pod: The template.
        namespace: The namespace that its pods are in.
        labels: The labels of its pods.
    """

    pod: Pod
    namespace: str
    labels: Labels


def directions_of(policy: Resource) -> set[str]:
    """The directions in which it isolates pods, as `policyTypes` says or implies (Kubernetes, Network Policies)."""
    spec = policy.root["spec"]
    named = {item.text() or "" for item in spec["policyTypes"].items()}
    if named:
        return named & set(DIRECTIONS)
    return {"Ingress", "Egress"} if spec["egress"].items() else {"Ingress"}


def rules_of(policy: Resource) -> Iterator[PolicyRule]:
    """The allowing rules of a policy, of the directions that it is about."""
    return found_once(policy, _MEMO, _rules)


def selected_pods(policy: Resource) -> Node:
    """The selector of the pods that a policy is about; an empty one selects every pod of the namespace."""
    return policy.root.at("spec", "podSelector")


def network_policies(stack: Stack) -> Placed[Resource]:
    """The stack's NetworkPolicies by namespace."""
    return by_namespace(of_kinds(stack.resources, NETWORK_POLICY))


def labelled_pods(stack: Stack) -> Placed[PodLabels]:
    """Each pod template of the stack with its labels, by namespace; those that an operator completes are left out."""
    found: Placed[PodLabels] = Placed()
    for resource in stack.resources:
        try:
            for pod in _labelled(resource):
                found.setdefault(pod.namespace, []).append(pod)
        except UnknownValueError as error:
            found.doubt = found.doubt or f"{resource.address}: {error.path}"
    return found


def open_directions(pod: PodLabels, policies: Iterable[Resource]) -> list[str]:
    """The directions, in small letters, in which no policy of its namespace isolates a pod.

    Args:
        pod: The pod; one on the host's network cannot be isolated and counts as having none.
        policies: The NetworkPolicies of its namespace.
    """
    if pod.pod.spec["hostNetwork"].boolean():
        return []
    closed: set[str] = set()
    for policy in policies:
        if not closed.issuperset(DIRECTIONS) and selects(selected_pods(policy), pod.labels):
            closed |= directions_of(policy)
    return [direction.lower() for direction in DIRECTIONS if direction not in closed]


def makes_unseen_pods(resources: Iterable[Resource]) -> bool:
    """Whether one of the resources is of a kind of which an operator may make pods that nobody sees here."""
    groups = (resource.type.removeprefix("kubernetes:").partition("/")[0] for resource in resources)
    return any(group not in _POD_FREE_GROUPS for group in groups)


def network_at(node: Node) -> Network | None:
    """The address range at a place, or None if it is none; host bits are ignored, as Kubernetes does."""
    try:
        return ipaddress.ip_network(node.text() or "", strict=False)
    except ValueError:
        return None


def is_everywhere(cidr: Node) -> bool:
    """Whether an address range is so wide that it names nobody: shorter than /8, or than /16 of IPv6."""
    network = network_at(cidr)
    return network is not None and network.prefixlen < (8 if network.version == _IPV4 else 16)


def _rules(policy: Resource) -> Iterator[PolicyRule]:
    spec, isolated = policy.root["spec"], directions_of(policy)
    for direction in DIRECTIONS:
        if direction in isolated:
            for node in spec[direction.lower()].items():
                yield PolicyRule(policy, direction, node)


def _labelled(resource: Resource) -> Iterator[PodLabels]:
    for pod in pods_of(resource):
        if pod.partial:
            continue
        yield PodLabels(
            pod,
            namespace_of(resource),
            labels_at(pod.node.at("metadata", "labels")),
        )
