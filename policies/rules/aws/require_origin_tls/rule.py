from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import Types, rule

_DISTRIBUTION: Final = "aws:cloudfront/distribution:Distribution"
_INSIDE: Final = "aws:cloudfront/vpcOrigin:VpcOrigin"
_SAFE: Final = "TLSv1.2"


@rule(
    id="AWS-053",
    title="Require CloudFront to reach its origins over TLS 1.2 only",
    severity=Severity.HIGH,
    topics=("encryption", "edge"),
    frameworks=("aws-foundational-security:CloudFront.9", "aws-foundational-security:CloudFront.10"),
    applies_to=Types(frozenset({_DISTRIBUTION, _INSIDE})),
    rationale=(
        "Between CloudFront and an origin lies the internet again. A page that was asked for over HTTPS and fetched"
        " over HTTP only looks safe; its tokens travel in clear on the longer part of the way."
    ),
    remediation="Set originProtocolPolicy of each custom origin to https-only and originSslProtocols to TLSv1.2 alone.",
)
def require_origin_tls(resource: Resource) -> Iterator[Violation]:
    """One violation for each origin that is reached in clear, and for each old version that it may be asked in.

    Buckets have no such settings: CloudFront reaches them as the viewer reached it. Origins inside a network have them
    in a resource of their own.
    """
    if resource.type == _INSIDE:
        config = resource.root["vpcOriginEndpointConfig"]
        yield from _judged(config, config["originSslProtocols"]["items"])
    for origin in resource.root["origins"].items():
        config = origin["customOriginConfig"]
        if config.exists():
            yield from _judged(config, config["originSslProtocols"])


def _judged(config: Node, versions: Node) -> Iterator[Violation]:
    policy = config["originProtocolPolicy"]
    if policy.text() != "https-only":
        yield Violation(policy.path, f"the origin may be asked in clear: originProtocolPolicy is {policy.shown()}")
    for version in versions.items():
        if version.text() != _SAFE:
            yield Violation(version.path, f"the origin may be asked in {version.shown()}, which is before TLS 1.2")
