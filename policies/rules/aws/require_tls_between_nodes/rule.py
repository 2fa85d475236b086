from __future__ import annotations

from collections.abc import Iterator

from policies.aws.flags import types_of, unset
from policies.aws.stores import BETWEEN_NODES
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="AWS-050",
    title="Require the nodes of a store to talk to each other over TLS",
    severity=Severity.HIGH,
    topics=("encryption", "databases"),
    frameworks=("aws-foundational-security:Opensearch.3",),
    applies_to=types_of(BETWEEN_NODES),
    rationale=(
        "What clients send over TLS the nodes of a store pass on to each other, every record and every copy of it."
        " In clear it can be read by whatever else runs in the network."
    ),
    remediation="Set nodeToNodeEncryption.enabled to true (of MSK: leave inCluster at true).",
)
def require_tls_between_nodes(resource: Resource) -> Iterator[Violation]:
    """A search domain of one node has no other to talk to."""
    alone = (resource.root.at("clusterConfig", "instanceCount").integer() or 1) == 1
    for violation in unset(BETWEEN_NODES, resource, "its nodes talk to each other in clear"):
        said = resource.root.at("nodeToNodeEncryption", "enabled").exists()
        if said or not alone or not violation.path.startswith("nodeToNode"):
            yield violation
