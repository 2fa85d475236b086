from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from policies.kinds import by_namespace, name_of, of_kinds
from policies.label_selectors import is_empty
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.whole import judged

_NAMESPACE = ("core", "Namespace")
_PEER_AUTHENTICATION = ("security.istio.io", "PeerAuthentication")
_AUTHORIZATION = ("security.istio.io", "AuthorizationPolicy")
_ROOT: Final = "istio-system"
"""Istio's root namespace unless meshConfig.rootNamespace says otherwise; what stands there holds for the mesh."""


@rule(
    id="NET-015",
    title="Require strict mutual TLS and no access by default in each namespace of the mesh",
    severity=Severity.HIGH,
    topics=("security", "network", "mesh"),
    applies_to=WholeStack(),
    rationale=(
        "Without a PeerAuthentication Istio accepts plain text, and without an AuthorizationPolicy every workload may"
        " call every other: being in the mesh is then no protection at all."
    ),
    remediation=(
        "Add to the namespace, or to istio-system for the whole mesh, a PeerAuthentication with mtls.mode STRICT and an"
        " AuthorizationPolicy with an empty spec, which allows nothing; both without a selector."
    ),
)
def require_mesh_defaults(stack: Stack) -> Iterator[Violation]:
    """One violation for each of the two defaults that a namespace with sidecars or in ambient mode does not have."""
    authentications = by_namespace(of_kinds(stack.resources, _PEER_AUTHENTICATION))
    authorizations = by_namespace(of_kinds(stack.resources, _AUTHORIZATION))

    def check(namespace: Resource) -> Iterator[Violation]:
        if not _meshed(namespace.root.at("metadata", "labels")):
            return
        name = name_of(namespace)
        if not any(_strict(found) for found in (authentications.get(name, ()), authentications.get(_ROOT, ()))):
            authentications.vouch()
            yield Violation("metadata.name", f"nothing makes mutual TLS strict in namespace {name}")
        if not any(map(_closed, (*authorizations.get(name, ()), *authorizations.get(_ROOT, ())))):
            authorizations.vouch()
            yield Violation("metadata.name", f"nothing denies by default what may be called in namespace {name}")

    yield from judged(of_kinds(stack.resources, _NAMESPACE), check)


def _meshed(labels: Node) -> bool:
    revision = labels["istio.io/rev"].text()
    ambient = labels["istio.io/dataplane-mode"].text() == "ambient"
    return labels["istio-injection"].text() == "enabled" or bool(revision) or ambient


def _strict(found: Iterable[Resource]) -> bool:
    for resource in found:
        spec = resource.root["spec"]
        if is_empty(spec["selector"]) and spec.at("mtls", "mode").text() == "STRICT":
            return True
    return False


def _closed(resource: Resource) -> bool:
    spec = resource.root["spec"]
    aimed = not is_empty(spec["selector"]) or spec["targetRefs"].items() or spec["targetRef"].exists()
    return not aimed and spec["action"].text() in {None, "ALLOW"} and not spec["rules"].items()
