from __future__ import annotations

from collections.abc import Iterator

from policies.edge import INGRESSES
from policies.kinds import Kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="NET-028",
    title="Require that TLS covers each host of an Ingress",
    severity=Severity.HIGH,
    topics=("security", "network", "edge", "encryption"),
    applies_to=Kinds(INGRESSES),
    rationale=(
        "A host that is in a rule and not under tls is served in plain text beside the others, or with a certificate of"
        " another name, which teaches people to click warnings away."
    ),
    remediation="List each host of spec.rules under spec.tls[].hosts.",
)
def require_tls_hosts(ingress: Resource) -> Iterator[Violation]:
    """One violation for each host that no entry of `spec.tls` covers; an Ingress without any is another rule's."""
    entries = ingress.root.at("spec", "tls").items()
    covered: list[str] = []
    for entry in entries:
        hosts = [host.text() or "" for host in entry["hosts"].items()]
        # Without hosts the entry means every host, with the certificate that the controller was given.
        if not hosts:
            return
        covered += hosts
    for item in ingress.root.at("spec", "rules").items() if entries else ():
        host = item["host"].text()
        if host and not any(_covers(name, host) for name in covered):
            yield Violation(item["host"].path, f"the host {host} is in no entry of spec.tls")


def _covers(name: str, host: str) -> bool:
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])
