from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from policies.model import Resource
from policies.node import Node
from policies.pod_places import ANY_KIND, POD_PLACES, PodPlace
from policies.unknown import UnknownValueError

_MEMO = "pods"


class Role(StrEnum):
    """What a container does in its pod."""

    APP = "app"
    SIDECAR = "sidecar"
    INIT = "init"
    EPHEMERAL = "ephemeral"


_LISTS = (("initContainers", Role.INIT), ("containers", Role.APP), ("ephemeralContainers", Role.EPHEMERAL))


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod or pod template, found in whatever resource carries it.

    Attributes:
        resource: The resource that carries it.
        node: The place that holds its `metadata` and `spec`.
        long_running: Whether its containers are meant to run until they are stopped.
        operator_probes: Whether an operator adds the probes.
        partial: Whether an operator adds what the template lacks, so that only what it says can be judged.
    """

    resource: Resource
    node: Node
    long_running: bool
    operator_probes: bool
    partial: bool = False

    @property
    def spec(self) -> Node:
        """The pod spec."""
        return self.node["spec"]

    @property
    def windows(self) -> bool:
        """Whether the pod says that it runs on Windows, where Linux security fields may not be set."""
        return self.spec.at("os", "name").text() == "windows"

    def containers(self) -> Iterator[Container]:
        """Its containers, in the order in which the kubelet starts them.

        Raises:
            UnknownValueError: After all that are known, if one of the lists is not known yet.
        """
        unknown: UnknownValueError | None = None
        for key, role in _LISTS:
            try:
                items = self.spec[key].items()
            except UnknownValueError as error:
                unknown = error
                continue
            for item in items:
                sidecar = role is Role.INIT and _text_if_known(item["restartPolicy"]) == "Always"
                yield Container(self, item, Role.SIDECAR if sidecar else role)
        if unknown is not None:
            raise unknown


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod.

    Attributes:
        pod: The pod that it belongs to.
        node: Its place.
        role: What it does in the pod.
    """

    pod: Pod
    node: Node
    role: Role

    @property
    def name(self) -> str:
        """How people call it: its name, or its place if it has none."""
        return f"container {_text_if_known(self.node['name']) or self.node.path!r}"

    @property
    def security(self) -> Node:
        """Its own security context; what it inherits from the pod is not in it."""
        return self.node["securityContext"]


def pods_of(resource: Resource) -> list[Pod]:
    """The pods and pod templates that a resource carries, whatever its kind.

    Args:
        resource: Any resource; those that carry no pods give an empty list.

    Raises:
        UnknownValueError: If the resource carries pods and it is not known yet what they are.
    """
    found = resource.memo.get(_MEMO)
    if found is None:
        try:
            found = list(_find(resource))
        except UnknownValueError as error:
            found = error
        resource.memo[_MEMO] = found
    if isinstance(found, UnknownValueError):
        raise UnknownValueError(found.path)
    return list(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryPod:
    """Picks each pod and pod template.

    Attributes:
        complete_only: Whether templates are left out to which an operator adds what they lack.
    """

    complete_only: bool = False

    @property
    def summary(self) -> str:
        """What it picks, in words."""
        return f"every {'complete ' if self.complete_only else ''}pod and pod template"

    def targets(self, resource: Resource) -> Iterable[Pod]:
        """The pods of the resource."""
        pods = pods_of(resource)
        return [pod for pod in pods if not pod.partial] if self.complete_only else pods


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryContainer:
    """Picks each container of each pod and pod template.

    Attributes:
        roles: The roles that count.
        linux_only: Whether containers of Windows pods are left out.
        probed_only: Whether only containers are picked that run until they are stopped and whose probes no operator
            adds.
        complete_only: Whether templates are left out to which an operator adds what they lack.
    """

    roles: frozenset[Role] = field(default_factory=lambda: frozenset(Role))
    linux_only: bool = False
    probed_only: bool = False
    complete_only: bool = False

    @property
    def summary(self) -> str:
        """What it picks, in words."""
        roles = "every" if self.roles == frozenset(Role) else f"every {'/'.join(sorted(self.roles))}"
        pods = "".join(
            word
            for word, wanted in (
                ("complete ", self.complete_only),
                ("long-running ", self.probed_only),
                ("Linux ", self.linux_only),
            )
            if wanted
        )
        return f"{roles} container of {pods}pods and pod templates"

    def targets(self, resource: Resource) -> Iterator[Container]:
        """The containers of the resource's pods."""
        for pod in pods_of(resource):
            if self.probed_only and (pod.operator_probes or not pod.long_running):
                continue
            if self.complete_only and pod.partial:
                continue
            if self.linux_only and pod.windows:
                continue
            yield from (container for container in pod.containers() if container.role in self.roles)


def _find(resource: Resource) -> Iterator[Pod]:
    prefix, _, rest = resource.type.partition(":")
    if prefix != "kubernetes":
        return
    api, _, kind = rest.rpartition(":")
    group = api.partition("/")[0]
    places = POD_PLACES.get((group, kind))
    if places is None and kind.endswith("List"):
        members = POD_PLACES.get((group, kind.removesuffix("List")), ())
        places = tuple(replace(place, path=("items", "*", *place.path)) for place in members) or None
    root = resource.root
    if places is not None:
        for place in places:
            for node in _follow(root, place.path):
                for template in (node,) if place.built is None else place.built(node):
                    yield from _pod(resource, template, place)
    # What Pulumi calls a patch is a part of an object that others wrote and cannot be judged alone.
    elif not kind.endswith("Patch") and _looks_like_template(node := root.at(*ANY_KIND.path)):
        yield from _pod(resource, node, PodPlace(ANY_KIND.path, finite=kind.endswith("Job")))


def _follow(node: Node, path: tuple[str, ...]) -> Iterator[Node]:
    if not path:
        yield node
    elif path[0] == "*":
        for item in node.items():
            yield from _follow(item, path[1:])
    else:
        yield from _follow(node[path[0]], path[1:])


def _pod(resource: Resource, node: Node, place: PodPlace) -> Iterator[Pod]:
    spec = node["spec"]
    if not spec.exists():
        return
    restart = _text_if_known(spec["restartPolicy"])
    # Controllers that keep pods running accept only Always, which is also the default.
    ends = place.finite or restart in {"Never", "OnFailure"}
    yield Pod(
        resource,
        node,
        long_running=not ends,
        operator_probes=place.operator_probes,
        partial=place.built is not None,
    )


def _looks_like_template(node: Node) -> bool:
    containers = node.at("spec", "containers")
    return containers.known() and isinstance(containers.value(), list)


def _text_if_known(node: Node) -> str | None:
    return node.text() if node.known() else None
