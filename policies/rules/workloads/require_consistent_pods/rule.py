from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import Container, EveryPod, Pod
from policies.rule import rule

_PORT_NAME: Final = re.compile(r"(?=.{1,15}\Z)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*")
"""IANA_SVC_NAME (RFC 6335), which Kubernetes asks of the names of ports."""


@rule(
    id="POD-042",
    title="Require names in a pod to be valid, to be there, and to be there once",
    severity=Severity.MEDIUM,
    topics=("correctness",),
    applies_to=EveryPod(),
    rationale=(
        "The API server refuses a mount of a volume that is not there, two containers of one name, two mounts at one"
        " path or a port's name of 16 letters, in the middle of a deployment. Of two variables of one name the last"
        " wins silently, and server-side apply refuses both."
    ),
    remediation=(
        "Remove the second entry, declare the volume that is mounted, or give the port a name of 15 letters at most."
    ),
)
def require_consistent_pods(pod: Pod) -> Iterator[Violation]:
    """One violation for each name that stands twice, and for each mount of a volume that the pod does not have."""
    containers = list(pod.containers())
    yield from _twice((container.node["name"] for container in containers), "two containers are called")
    volumes = [volume["name"] for volume in pod.spec["volumes"].items()]
    yield from _twice(volumes, "two volumes are called")
    known = {name.text() for name in volumes} | _claims(pod)
    for container in containers:
        yield from _inside(container, known, complete=not pod.partial)


def _inside(container: Container, volumes: set[str | None], *, complete: bool) -> Iterator[Violation]:
    who = container.name
    yield from _twice((item["name"] for item in container.node["env"].items()), f"two variables of {who} are called")
    ports = container.node["ports"].items()
    yield from _twice((port["name"] for port in ports), f"two ports of {who} are called")
    for port in ports:
        name, number = port["name"], port["containerPort"]
        if name.text() and not _PORT_NAME.fullmatch(name.text() or ""):
            yield Violation(name.path, f"{who} calls a port {name.text()!r}, which is no name of a port")
        if number.integer() not in range(1, 65536):
            yield Violation(number.path, f"{who} has a port of the number {number.shown()}")
    mounts = container.node["volumeMounts"].items()
    yield from _twice((mount["mountPath"] for mount in mounts), f"two mounts of {who} are at")
    for mount in mounts if complete else ():
        name = mount["name"]
        if name.text() and name.text() not in volumes:
            yield Violation(name.path, f"{who} mounts the volume {name.text()!r}, which the pod does not have")


def _claims(pod: Pod) -> set[str | None]:
    templates = pod.resource.root.at("spec", "volumeClaimTemplates").items()
    claims = {template.at("metadata", "name").text() for template in templates}
    # Altinity's operator turns each of its claim templates into a volume of the same name.
    operator = pod.resource.root.at("spec", "templates", "volumeClaimTemplates").items()
    return claims | {template["name"].text() for template in operator}


def _twice(names: Iterable[Node], what: str) -> Iterator[Violation]:
    seen: set[str] = set()
    for name in names:
        text = name.text()
        if text and text in seen:
            yield Violation(name.path, f"{what} {text!r}")
        elif text:
            seen.add(text)
