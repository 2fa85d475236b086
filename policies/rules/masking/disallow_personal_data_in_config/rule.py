from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.personal_text import personal_number
from policies.rule import Types, rule


@rule(
    id="MASK-007",
    title="Disallow personal numbers in configuration",
    severity=Severity.HIGH,
    topics=("masking", "privacy"),
    frameworks=("pci-dss-4.0:3.3.1", "gdpr:5.1.c"),
    applies_to=Types(frozenset({"kubernetes:core/v1:ConfigMap"})),
    mandatory_everywhere=True,
    rationale=(
        "A card or social security number that was pasted into a test fixture, a query or a mapping lies in version"
        " control, in the state and in etcd, where no mask, no retention and no erasure reaches it."
    ),
    remediation="Take the number out, and use one that was published for tests only where no real one can be meant.",
)
def disallow_personal_data_in_config(resource: Resource) -> Iterator[Violation]:
    """One violation for each entry that contains a card, social security or bank account number with valid digits."""
    for key, node in resource.root["data"].entries():
        if kind := personal_number(node.text() or ""):
            yield Violation(node.path, f"{key} contains {kind}")
    for key, node in resource.root["binaryData"].entries():
        if kind := personal_number(_decoded(node)):
            yield Violation(node.path, f"{key} contains {kind}")


def _decoded(node: Node) -> str:
    try:
        return base64.b64decode(node.text() or "", validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""
