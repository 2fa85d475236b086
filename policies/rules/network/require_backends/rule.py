from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.edge import INGRESSES, ROUTES
from policies.kinds import by_namespace, group_kind, name_of, namespace_of, of_kinds
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.whole import judged

_SERVICE: Final = ("core", "Service")
_OLD_VERSION = re.compile(r"/v1beta1:")
"""In the type of an Ingress whose backends have serviceName and servicePort."""


@rule(
    id="NET-024",
    title="Require that what is routed to is a Service of the stack, with that port",
    severity=Severity.MEDIUM,
    topics=("network", "edge", "correctness"),
    applies_to=WholeStack(),
    rationale=(
        "A route to a Service or a port that is not there answers with an error; and who may create a Service of that"
        " name later gets the traffic."
    ),
    remediation="Name a Service of the same namespace and one of its ports, or delete the route.",
)
def require_backends(stack: Stack) -> Iterator[Violation]:
    """One violation for each backend whose Service or port the stack does not declare in that namespace."""
    services = by_namespace(of_kinds(stack.resources, _SERVICE))

    def check(route: Resource) -> Iterator[Violation]:
        namespace = namespace_of(route)
        for service, port in _backends(route):
            name = service.text()
            if not name:
                yield Violation(service.path, "the path leads to no Service")
                continue
            found = next((it for it in services.get(namespace, ()) if name_of(it) == name), None)
            if found is None:
                services.vouch()
                yield Violation(service.path, f"there is no Service {name} in namespace {namespace}")
            elif port.exists() and not _has_port(found, port):
                yield Violation(port.path, f"the Service {name} has no port {port.shown()}")

    yield from judged(of_kinds(stack.resources, *INGRESSES, *ROUTES), check)


def _backends(route: Resource) -> Iterator[tuple[Node, Node]]:
    spec = route.root["spec"]
    if group_kind(route) in ROUTES:
        for rule_ in spec["rules"].items():
            for backend in rule_["backendRefs"].items():
                # A backend of another namespace or kind is granted and checked by the gateway.
                if not backend["namespace"].text() and backend["kind"].text() in {None, "Service"}:
                    yield backend["name"], backend["port"]
        return
    paths = (path for rule_ in spec["rules"].items() for path in rule_.at("http", "paths").items())
    defaults = (spec[name] for name in ("defaultBackend", "backend") if spec[name].exists())
    for backend in (*defaults, *(path["backend"] for path in paths)):
        if backend["resource"].exists():
            continue
        if _OLD_VERSION.search(route.type):
            yield backend["serviceName"], backend["servicePort"]
        else:
            port = backend.at("service", "port")
            yield backend.at("service", "name"), port["number"] if port["number"].exists() else port["name"]


def _has_port(service: Resource, port: Node) -> bool:
    number, name = port.integer(), port.text()
    ports = service.root.at("spec", "ports").items()
    # What an external name serves is not the Service's to say.
    if not ports and service.root.at("spec", "type").text() == "ExternalName":
        return True
    return any(
        (number is not None and it["port"].integer() == number) or (name is not None and it["name"].text() == name)
        for it in ports
    )
