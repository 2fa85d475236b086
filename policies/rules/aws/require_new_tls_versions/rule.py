from __future__ import annotations

from collections.abc import Iterator

from policies.aws.flags import types_of, unset
from policies.aws.stores import TLS_VERSIONS
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="AWS-051",
    title="Require data stores to take no TLS before 1.2",
    severity=Severity.MEDIUM,
    topics=("encryption", "databases"),
    frameworks=("aws-foundational-security:Opensearch.8",),
    applies_to=types_of(TLS_VERSIONS),
    rationale=(
        "Search domains take TLS 1.0 unless they are told, for which there are known ways to break it, and a client"
        " that is talked down to it does not say so."
    ),
    remediation="Set tlsSecurityPolicy to Policy-Min-TLS-1-2-2019-07 or a later one.",
)
def require_new_tls_versions(resource: Resource) -> Iterator[Violation]:
    """A policy that is not named takes TLS 1.0."""
    yield from unset(TLS_VERSIONS, resource, "it takes TLS before 1.2")
