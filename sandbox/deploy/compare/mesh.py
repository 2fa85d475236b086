"""Who may call whom by the mesh: Istio's AuthorizationPolicies and PeerAuthentications."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

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
    namespace_of,
    sequence,
    turns,
)
from sandbox.engine.events import StepPlanned

_GROUP = "security.istio.io"


def mesh_turns(base: Iterable[StepPlanned], head: Iterable[StepPlanned]) -> Turns:
    """Say whom the mesh lets call whom now and did not before, and the other way about."""
    base, head = list(base), list(head)
    return turns(_statements(base), _statements(head), gone_namespaces(base, head))


def _statements(steps: list[StepPlanned]) -> Iterator[Statement]:
    for policy in manifests(steps, _GROUP, "AuthorizationPolicy"):
        yield from _authorization(policy)
    for policy in manifests(steps, _GROUP, "PeerAuthentication"):
        yield from _encryption(policy)


def _authorization(policy: Manifest) -> Iterator[Statement]:
    spec = mapping(policy, "spec")
    action = compact(spec.get("action") or "ALLOW")
    target = _target(spec, policy)
    if action == "ALLOW":
        now = join(target, (" may be called by nobody but those who are allowed to",))
        no_longer = join(target, (" may be called by everybody, unless another policy allows somebody",))
        yield Statement(now, no_longer, forbids=True, about=_chosen(spec), within=(namespace_of(policy), action))
    for rule in sequence(spec, "rules"):
        for source in _sources(rule):
            for operation in _operations(rule):
                yield _call(action, source, target, join(operation, _conditions(rule)))


def _call(action: str, source: Phrase, target: Phrase, how: Phrase) -> Statement:
    if action == "ALLOW":
        words = (" may now call ", " may no longer call ")
    elif action == "DENY":
        words = (" is now refused by ", " is no longer refused by ")
    else:
        words = (f" is now subject to {'audit' if action == 'AUDIT' else 'a custom decision'} at ", " no longer is at ")
    now, no_longer = (join(source, (each,), target, how) for each in words)
    return Statement(now, no_longer, forbids=action != "ALLOW")


def _target(spec: Manifest, policy: Manifest) -> Phrase:
    text = _chosen(spec)
    where: Phrase = (" in ", namespace_of(policy), "")
    return join(("", text, "") if text else ("every workload",), where)


def _chosen(spec: Manifest) -> str:
    """Say what a policy is about; empty for its whole namespace."""
    references = sequence(spec, "targetRefs")
    return labels_text(spec.get("selector")) or (compact(references) if references else "")


def _sources(rule: Any) -> list[Phrase]:
    found: list[Phrase] = []
    for each in sequence(rule, "from"):
        source = mapping(each, "source")
        for key, values in source.items() or [("", None)]:
            if not isinstance(values, list):
                found.append(("whoever matches ", f"{key}={compact(values)}", "") if key else ("everybody",))
            elif key == "principals" and len(source) == 1:
                found += [_principal(compact(value)) for value in values]
            elif key == "namespaces" and len(source) == 1:
                found += [("everything in ", compact(value), "") for value in values]
            else:  # fields of one source hold together
                found.append(("whoever matches ", compact(dict(source)), ""))
                break
    return found or [("everybody",)]


def _principal(text: str) -> Phrase:
    parts = text.split("/")
    if len(parts) == 5 and parts[0] == "cluster.local" and (parts[1], parts[3]) == ("ns", "sa"):
        return ("", parts[4], " of ", parts[2], "")
    return ("", text, "")


def _operations(rule: Any) -> list[Phrase]:
    found: list[Phrase] = []
    for each in sequence(rule, "to"):
        operation = mapping(each, "operation")
        ports = [compact(port) for port in sequence(operation, "ports")]
        rest = {key: value for key, value in operation.items() if key != "ports"}
        how = (" with ", compact(rest), "") if rest else ("",)
        found += [join((" on port ", port, ""), how) for port in ports] or [how if rest else (" on every port",)]
    return found or [(" on every port",)]


def _conditions(rule: Any) -> Phrase:
    conditions = sorted(compact(each) for each in sequence(rule, "when"))
    return join((" when ",), listed(conditions, " and ")) if conditions else ("",)


def _encryption(policy: Manifest) -> Iterator[Statement]:
    spec = mapping(policy, "spec")
    target = _target(spec, policy)
    modes = {"": mapping(spec, "mtls").get("mode")}
    modes |= {str(port): mapping(each).get("mode") for port, each in mapping(spec, "portLevelMtls").items()}
    for port, mode in modes.items():
        where: Phrase = (" on port ", port, "") if port else ("",)
        if mode == "STRICT":
            now = join(target, (" takes mutual TLS only",), where)
            no_longer = join(target, (" no longer insists on mutual TLS",), where)
            within = (namespace_of(policy), "mtls", port)
            yield Statement(now, no_longer, forbids=True, about=_chosen(spec), within=within)
        elif mode in ("PERMISSIVE", "DISABLE"):
            opened = join(
                target, (f" takes plain text as well ({mode})" if mode == "PERMISSIVE" else " takes plain text",), where
            )
            yield Statement(opened, join(target, (" no longer takes plain text",), where))
