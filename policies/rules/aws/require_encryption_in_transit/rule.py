from __future__ import annotations

from collections.abc import Iterator

from policies.aws.flags import types_of, unset
from policies.aws.stores import IN_TRANSIT
from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import rule


@rule(
    id="AWS-028",
    title="Require data stores to be talked to over TLS only",
    severity=Severity.HIGH,
    topics=("encryption", "databases"),
    frameworks=("aws-foundational-security:ElastiCache.5", "aws-foundational-security:Opensearch.8"),
    applies_to=types_of(IN_TRANSIT),
    rationale=(
        "What a store answers in clear can be read by whatever else runs in the network, passwords first. A store that"
        " takes both is used in clear by the one client that nobody set up for TLS."
    ),
    remediation="Turn TLS on in the property that the finding points to.",
)
def require_encryption_in_transit(resource: Resource) -> Iterator[Violation]:
    """One violation for each property that lets a store talk in clear.

    The endpoint of a search domain asks for HTTPS unless its options say no.
    """
    for violation in unset(IN_TRANSIT, resource, "it can be talked to in clear"):
        if violation.path == "domainEndpointOptions.enforceHttps" and _asks_by_default(resource.root):
            continue
        yield violation


def _asks_by_default(root: Node) -> bool:
    options = root["domainEndpointOptions"]
    return options.exists() and not options["enforceHttps"].exists()
