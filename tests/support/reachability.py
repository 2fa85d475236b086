"""Which pods may connect to which, decided from Kubernetes NetworkPolicies by two implementations.

``reachable`` is a small pure function, written after the Kubernetes documentation ("Network Policies"). The other asks
the matcher of cyclonus, a Go library, in a program that is built from a pinned module (``cyclonus_reachable``).
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from sandbox.tools.cache import cached_path, exclusive, install, is_program, workspace
from sandbox.tools.gobuild import build
from sandbox.tools.platforms import current_platform
from sandbox.tools.registry import Tool

Manifest = Mapping[str, Any]
Connection = tuple[int, int, "Port"]
"""Index of the peer that connects, index of the one that it connects to, and the port there."""

MODULE = Path(__file__).parent / "tools" / "reachability"


class Port(NamedTuple):
    """A port that is connected to."""

    number: int
    protocol: str = "TCP"


@dataclass(frozen=True)
class Peer:
    """A pod, or with no namespace a host outside the cluster.

    Attributes:
        name: what a failing test calls it.
        namespace: namespace of the pod; empty for a host outside.
        labels: labels of the pod.
        namespace_labels: labels of the namespace.
        account: ServiceAccount of the pod, its identity in the mesh.
        address: its IP address.
        party: name of the party in the wiring whose pod it is; empty for everybody else's.
    """

    name: str
    address: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    account: str = "default"
    party: str = ""


def reachable(policies: Sequence[Manifest], peers: Sequence[Peer], ports: Sequence[Port]) -> set[Connection]:
    """Every connection that is allowed: by the policies of the one who connects, and by those of the other side."""
    # Each rule is asked about each peer once, whatever number of pods it is a rule of.
    opened = {
        id(rule): [_opened(rule, side, policy["metadata"]["namespace"], other, ports) for other in peers]
        for policy in policies
        for direction, side in (("egress", "to"), ("ingress", "from"))
        for rule in policy["spec"].get(direction) or ()
    }
    everything = [frozenset(ports)] * len(peers)

    def to_or_from(peer: Peer, direction: str) -> list[frozenset[Port]]:
        rules = _rules(policies, peer, direction)
        if rules is None:
            return everything
        return [frozenset().union(*column) for column in zip(*(opened[id(r)] for r in rules), strict=True)] or [
            frozenset()
        ] * len(peers)

    leaving = [to_or_from(peer, "Egress") for peer in peers]
    arriving = [to_or_from(peer, "Ingress") for peer in peers]
    pairs = ((a, b) for a in range(len(peers)) for b in range(len(peers)))
    return {(a, b, port) for a, b in pairs for port in leaving[a][b] & arriving[b][a]}


def _rules(policies: Sequence[Manifest], peer: Peer, direction: str) -> list[Manifest] | None:
    """Rules of all policies that select the pod for that direction; None when there is none: it is not isolated."""
    if not peer.namespace:
        return None
    selecting = [
        policy["spec"]
        for policy in policies
        if policy["metadata"]["namespace"] == peer.namespace
        and direction in _types(policy["spec"])
        and _selects(policy["spec"].get("podSelector", {}), peer.labels)
    ]
    return [rule for spec in selecting for rule in spec.get(direction.lower()) or ()] if selecting else None


def _types(spec: Manifest) -> Sequence[str]:
    """When policyTypes is left out, a policy is about ingress, and about egress if it has such rules."""
    named: Sequence[str] = spec.get("policyTypes") or ("Ingress", *(("Egress",) if "egress" in spec else ()))
    return named


def _opened(rule: Manifest, side: str, namespace: str, other: Peer, ports: Sequence[Port]) -> frozenset[Port]:
    """Ports that a rule opens to or from another peer. A rule without peers is about everybody."""
    if rule.get(side) and not any(_is_peer(entry, namespace, other) for entry in rule[side]):
        return frozenset()
    return frozenset(port for port in ports if not rule.get("ports") or any(_is_port(e, port) for e in rule["ports"]))


def _is_peer(entry: Manifest, policy_namespace: str, peer: Peer) -> bool:
    if "ipBlock" in entry:
        address, block = ipaddress.ip_address(peer.address), entry["ipBlock"]
        inside = address in ipaddress.ip_network(block["cidr"])
        return inside and not any(address in ipaddress.ip_network(cidr) for cidr in block.get("except", ()))
    if not peer.namespace:
        return False
    if "namespaceSelector" in entry:
        if not _selects(entry["namespaceSelector"], peer.namespace_labels):
            return False
    elif peer.namespace != policy_namespace:
        return False
    return "podSelector" not in entry or _selects(entry["podSelector"], peer.labels)


def _is_port(entry: Manifest, port: Port) -> bool:
    if entry.get("protocol", "TCP") != port.protocol:
        return False
    first = entry.get("port")
    return first is None or first <= port.number <= entry.get("endPort", first)


def _selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """An empty selector selects everything; all parts of one must hold."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(expression, labels) for expression in selector.get("matchExpressions") or ())


def _holds(expression: Manifest, labels: Mapping[str, str]) -> bool:
    key, operator = expression["key"], expression["operator"]
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) == (operator == "Exists")
    listed = labels.get(key) in expression["values"] and key in labels
    return listed if operator == "In" else not listed


def mesh_reachable(authorizations: Iterable[Manifest], peers: Sequence[Peer], ports: Sequence[Port]) -> set[Connection]:
    """Every connection that Istio's AuthorizationPolicies allow, after their reference ("Authorization Policy").

    No policy for a pod allows everything; with any, one rule must match. Only what the program writes is understood:
    ALLOW, a selector, principals and ports. Anything else is an error, never passed over.
    """
    policies = list(authorizations)
    found: set[Connection] = set()
    for b, destination in enumerate(peers):
        selecting = [
            policy["spec"]
            for policy in policies
            if policy["metadata"]["namespace"] == destination.namespace
            and _selects(policy["spec"].get("selector", {}), destination.labels)
        ]
        allowed = [*_authorized(selecting)]
        for a, source in enumerate(peers):
            principal = f"cluster.local/ns/{source.namespace}/sa/{source.account}"
            for port in ports:
                if not selecting or (principal, port.number) in allowed:
                    found.add((a, b, port))
    return found


def _authorized(specs: Iterable[Manifest]) -> Iterator[tuple[str, int]]:
    for spec in specs:
        assert set(spec) <= {"selector", "action", "rules"}, spec
        assert spec.get("action", "ALLOW") == "ALLOW", spec
        for rule in spec.get("rules", ()):
            assert set(rule) == {"from", "to"}, rule
            for origin in rule["from"]:
                for target in rule["to"]:
                    assert set(origin["source"]) == {"principals"}, rule
                    assert set(target["operation"]) == {"ports"}, rule
                    for principal in origin["source"]["principals"]:
                        for port in target["operation"]["ports"]:
                            yield principal, int(port)


def cyclonus_reachable(policies: Sequence[Manifest], peers: Sequence[Peer], ports: Sequence[Port]) -> set[Connection]:
    """The same question, answered by cyclonus."""
    question = {
        "policies": list(policies),
        "peers": [
            {
                "namespace": peer.namespace,
                "namespaceLabels": dict(peer.namespace_labels),
                "labels": dict(peer.labels),
                "ip": peer.address,
            }
            for peer in peers
        ],
        "ports": [port._asdict() for port in ports],
    }
    answer = subprocess.run(
        [str(reachability_program())], input=json.dumps(question), capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert len(lines) == len(peers) ** 2
    return {
        (pair // len(peers), pair % len(peers), port)
        for pair, line in enumerate(lines)
        for port, verdict in zip(ports, line, strict=True)
        if verdict == "1"
    }


@cache
def reachability_program() -> Path:
    """The program, cached by the hash of its source, else built: 105 s on 2 busy cores with an empty build cache."""
    source = b"".join((MODULE / name).read_bytes() for name in ("go.mod", "go.sum", "main.go"))
    version = f"v0-{hashlib.sha256(source).hexdigest()[:12]}"
    tool = Tool(
        name="reachability",
        version=version,
        module=str(MODULE),
        package=".",
        ldflags="-s -w",
        version_args=(),
        release=None,
        optional=True,
    )
    platform = current_platform()
    target = cached_path(tool, platform)
    with exclusive(target, print, what=f"{tool.name} {version}"):
        if not is_program(target):
            with workspace(target.parent) as directory:
                install(build(tool, platform, directory, print), target)
    return target
