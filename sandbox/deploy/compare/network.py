"""Who may reach whom by NetworkPolicies, and by what a Service offers to the outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from sandbox.deploy.compare.phrase import Phrase, join, listed
from sandbox.deploy.compare.statements import (
    Manifest,
    Statement,
    Turns,
    compact,
    gone_namespaces,
    labels_text,
    manifests,
    mapping,
    name_of,
    namespace_of,
    sequence,
    turns,
)
from sandbox.engine.events import StepPlanned

_NAMESPACE_NAME = "kubernetes.io/metadata.name"
_APP = "app.kubernetes.io/name="
_EVERY_PORT = "every port"

End = Literal["sender", "receiver"]
_ENDS: tuple[tuple[End, str, str], ...] = (("sender", "egress", "to"), ("receiver", "ingress", "from"))


@dataclass(frozen=True, order=True)
class _Allowance:
    source: Phrase
    target: Phrase
    port: str
    end: str


def network_turns(base: Iterable[StepPlanned], head: Iterable[StepPlanned]) -> Turns:
    """Say who may reach whom now and could not before, and the other way about.

    A connection needs both ends to allow it: where a namespace is isolated, the sender's by egress, the receiver's by
    ingress. Each sentence names the ends at which its change is.
    """
    base, head = list(base), list(head)
    old, new = set(_allowances(base)), set(_allowances(head))
    guards = turns(_guards(base), _guards(head), gone_namespaces(base, head))
    return Turns(
        tuple(sorted({*guards.opened, *_told(new - old, " may now reach ")})),
        tuple(sorted({*guards.closed, *_told(old - new, " may no longer reach ")})),
    )


def _told(allowances: Iterable[_Allowance], verb: str) -> Iterator[Phrase]:
    ends: dict[_Allowance, set[str]] = {}
    for each in allowances:
        ends.setdefault(replace(each, end=""), set()).add(each.end)
    ports: dict[tuple[Phrase, Phrase, str], list[str]] = {}
    for each, at in sorted(ends.items()):
        ports.setdefault((each.source, each.target, _where(at)), []).append(each.port)
    for (source, target, where), names in ports.items():
        every = names == [_EVERY_PORT]
        on: Phrase = (f" on {_EVERY_PORT}",) if every else join((" on ",), listed(names))
        yield join(source, (verb,), target, on, (f" ({where})",))


def _where(ends: set[str]) -> str:
    return "at both ends" if len(ends) == 2 else f"at the {min(ends)}'s end"


def _allowances(steps: Iterable[StepPlanned]) -> Iterator[_Allowance]:
    for policy in manifests(steps, "networking.k8s.io", "NetworkPolicy"):
        namespace, spec = namespace_of(policy), mapping(policy, "spec")
        own = _pods(spec.get("podSelector"), namespace)
        for end, direction, peers in _ENDS:
            if direction not in _directions(spec):
                continue
            for rule in sequence(spec, direction):
                others = [_peer(peer, namespace) for peer in sequence(rule, peers)] or [("everybody",)]
                for other in others:
                    source, target = (own, other) if end == "sender" else (other, own)
                    for port in _ports(rule):
                        yield _Allowance(source, target, port, end)


def _directions(spec: Manifest) -> set[str]:
    named = {compact(each).lower() for each in sequence(spec, "policyTypes")}
    return named or ({"ingress", "egress"} if sequence(spec, "egress") else {"ingress"})


def _ports(rule: Any) -> list[str]:
    found: list[str] = []
    for port in sequence(rule, "ports"):
        fields = mapping(port)
        number = compact(fields["port"]) if "port" in fields else _EVERY_PORT
        last = f"-{compact(fields['endPort'])}" if "endPort" in fields else ""
        found.append(f"{compact(fields.get('protocol', 'TCP'))} {number}{last}")
    return found or [_EVERY_PORT]


def _peer(peer: Any, namespace: str) -> Phrase:
    fields = mapping(peer)
    if "ipBlock" in fields:
        block = mapping(fields, "ipBlock")
        excepted = [compact(each) for each in sequence(block, "except")]
        but = join((" except ",), listed(excepted)) if excepted else ("",)
        return join(("addresses ", compact(block.get("cidr")), ""), but)
    if "namespaceSelector" not in fields:
        return _pods(fields.get("podSelector"), namespace)
    selector = fields["namespaceSelector"]
    labels = mapping(selector, "matchLabels")
    if set(labels) == {_NAMESPACE_NAME} and not sequence(selector, "matchExpressions"):
        return _pods(fields.get("podSelector"), compact(labels[_NAMESPACE_NAME]))
    where: Phrase = ("namespaces with ", text, "") if (text := labels_text(selector)) else ("any namespace",)
    return join(_which(fields.get("podSelector")), (" in ",), where)


def _pods(selector: Any, namespace: str) -> Phrase:
    return join(_which(selector), (" in ", namespace, ""))


def _which(selector: Any) -> Phrase:
    text = labels_text(selector)
    if not text:
        return ("every pod",)
    short = text.removeprefix(_APP)
    return ("", short if short != text and "," not in short and " " not in short else text, "")


def _guards(steps: Iterable[StepPlanned]) -> Iterator[Statement]:
    steps = list(steps)
    for policy in manifests(steps, "networking.k8s.io", "NetworkPolicy"):
        spec = mapping(policy, "spec")
        namespace, chosen = namespace_of(policy), labels_text(spec.get("podSelector"))
        pods = _pods(spec.get("podSelector"), namespace)
        for direction, way in (("ingress", "be reached by"), ("egress", "reach")):
            if direction in _directions(spec):
                now = join(pods, (f" may {way} nothing but what is allowed",))
                no_longer = join(pods, (f" may {way} everything, unless another policy selects them",))
                yield Statement(now, no_longer, forbids=True, about=chosen, within=(namespace, direction))
    for service in manifests(steps, "", "Service"):
        kind = mapping(service, "spec").get("type")
        if kind in ("LoadBalancer", "NodePort"):
            name = f"{namespace_of(service)}/{name_of(service)}"
            opened: Phrase = ("the Service ", name, f" can be reached from outside of the cluster ({kind})")
            yield Statement(opened, ("the Service ", name, f" can no longer be reached from outside ({kind})"))
