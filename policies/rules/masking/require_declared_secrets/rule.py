from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.unknown import UNKNOWN
from policies.whole import judged, of_types

_SECRET = "kubernetes:core/v1:Secret"  # noqa: S105 - a type token, not a secret
_MAKERS = {
    # Kinds whose controllers make a Secret, and where its name stands.
    "ExternalSecret": ("spec", "target", "name"),
    "Certificate": ("spec", "secretName"),
    "SealedSecret": ("metadata", "name"),
    "VaultStaticSecret": ("spec", "destination", "name"),
    "KafkaUser": ("metadata", "name"),
}
_NAMED = {"secretKeyRef": "name", "secretRef": "name"}
_TELLING = frozenset({*_NAMED, "secret", "imagePullSecrets"})
_STRIMZI = ("-cluster-ca-cert", "-clients-ca-cert")


@rule(
    id="DATA-008",
    title="Require every secret that is used to be declared",
    severity=Severity.HIGH,
    topics=("secrets",),
    applies_to=WholeStack(),
    rationale=(
        "A secret that somebody once made by hand is known to nobody, rotated by nobody, and missing when the"
        " environment is built anew: pods wait for it with nothing but an event to tell."
    ),
    remediation=(
        "Declare the Secret in the stack (generated or external), or an ExternalSecret or Certificate that makes it;"
        " mark a reference that may be absent as optional."
    ),
)
def require_declared_secrets(stack: Stack) -> Iterator[Violation]:
    """One violation for each reference to a Secret that nothing in the stack makes.

    Judged in namespaces that the stack itself declares objects for. What an operator names after a cluster, as Strimzi
    does with its certificates, counts as made.
    """
    made = set(_made(stack))

    def declared(resource: Resource) -> Iterator[Violation]:
        namespace = resource.root.at("metadata", "namespace").text() or ""
        for node, optional in _references(resource.root["spec"]):
            name = node.text()
            if name and not optional and (namespace, name) not in made and not name.endswith(_STRIMZI):
                yield Violation(node.path, f"nothing in the stack makes the secret {name}")

    kubernetes = [
        resource
        for resource in stack.resources
        if resource.type.startswith("kubernetes:") and resource.type != _SECRET and "spec" in resource.props
    ]
    yield from judged(kubernetes, declared)


def _made(stack: Stack) -> Iterator[tuple[str, str]]:
    for secret in of_types(stack, (_SECRET,)):
        yield _place(secret, secret.root.at("metadata", "name"))
    for resource in stack.resources:
        path = _MAKERS.get(resource.kind)
        if path and resource.type.startswith("kubernetes:"):
            node = resource.root.at(*path)
            yield _place(resource, node if node.known() and node.text() else resource.root.at("metadata", "name"))


def _place(resource: Resource, name: Node) -> tuple[str, str]:
    namespace = resource.root.at("metadata", "namespace")
    return (
        (namespace.text() or "") if namespace.known() else "",
        (name.text() or resource.name) if name.known() else "",
    )


def _references(node: Node) -> Iterator[tuple[Node, bool]]:
    if not node.known():
        return
    # Most of a stack's values are neither references nor hold any, and a node for each would take most of the time.
    value: Any = node.value()
    if isinstance(value, dict):
        if not _TELLING.isdisjoint(value):
            yield from _named(node)
        for key, child in value.items():
            if isinstance(child, dict | list) and isinstance(key, str):
                yield from _references(node[key])
    elif isinstance(value, list) and value and (isinstance(value[0], dict | list) or value[0] is UNKNOWN):
        for child in node.items():
            yield from _references(child)


def _named(node: Node) -> Iterator[tuple[Node, bool]]:
    for key, name in _NAMED.items():
        reference = node[key]
        if reference.known() and reference[name].known() and reference[name].exists():
            yield reference[name], reference["optional"].boolean() is True
    volume = node["secret"]
    if volume.known() and volume["secretName"].known() and volume["secretName"].exists():
        yield volume["secretName"], volume["optional"].boolean() is True
    for pull in node["imagePullSecrets"].items() if node["imagePullSecrets"].known() else ():
        if pull["name"].known():
            yield pull["name"], False
