from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.aws.tokens import versions_of
from policies.model import Resource, Severity, Violation
from policies.node import Node
from policies.rule import Types, rule

_LISTENERS: Final = versions_of("aws:lb/listener:Listener")
_DISTRIBUTION: Final = "aws:cloudfront/distribution:Distribution"
_SECURE: Final = ("HTTPS", "TLS", "QUIC")
_PASSED_ON: Final = ("GENEVE", "UDP", "TCP", "TCP_UDP", "TCP_QUIC")
_OLD_POLICY: Final = re.compile(
    r"ELBSecurityPolicy-(2016-08|2015-05|TLS-1-[01]-.*|FS-2018-06|FS-1-1-.*|TLS13-1-[01]-.*)"
)
_OLD_PROTOCOL: Final = re.compile(r"(SSLv3|TLSv1|TLSv1_2016|TLSv1\.1_2016)")


@rule(
    id="AWS-029",
    title="Require the edge to speak TLS 1.2 or later only",
    severity=Severity.HIGH,
    topics=("encryption", "edge"),
    frameworks=("aws-foundational-security:ELB.1", "aws-foundational-security:CloudFront.3"),
    applies_to=Types(frozenset({*_LISTENERS, _DISTRIBUTION})),
    rationale=(
        "Between the user and the edge lies everybody's network. Plain HTTP shows tokens and data there, and versions"
        " before TLS 1.2 have known ways to be broken."
    ),
    remediation=(
        "Listen for HTTPS with a policy such as ELBSecurityPolicy-TLS13-1-2-2021-06 and let HTTP only redirect; on"
        " CloudFront redirect to HTTPS and set minimumProtocolVersion to TLSv1.2_2021."
    ),
)
def require_edge_tls(resource: Resource) -> Iterator[Violation]:
    """One violation for each listener, behaviour or certificate setting that takes less than TLS 1.2."""
    if resource.type == _DISTRIBUTION:
        yield from _distribution(resource.root)
    else:
        yield from _listener(resource.root)


def _listener(root: Node) -> Iterator[Violation]:
    protocol, policy = root["protocol"], root["sslPolicy"]
    named = protocol.text()
    if named in _SECURE:
        if policy.text() is None:
            yield Violation(policy.path, "the listener has AWS's oldest policy, which takes TLS 1.0")
        elif _OLD_POLICY.fullmatch(policy.text() or ""):
            yield Violation(policy.path, f"the policy {policy.shown()} takes versions before TLS 1.2")
    # Listeners of gateway load balancers have neither protocol nor port; they carry packets, not requests.
    elif named not in _PASSED_ON and (named or root["port"].exists()) and not _only_redirects(root):
        yield Violation(protocol.path, "the listener answers in clear and does not redirect to HTTPS")


def _only_redirects(root: Node) -> bool:
    actions = root["defaultActions"].items()
    return bool(actions) and all(
        action["type"].text() == "redirect" and action.at("redirect", "protocol").text() == "HTTPS"
        for action in actions
    )


def _distribution(root: Node) -> Iterator[Violation]:
    for behaviour in (root["defaultCacheBehavior"], *root["orderedCacheBehaviors"].items()):
        policy = behaviour["viewerProtocolPolicy"]
        if policy.text() not in ("https-only", "redirect-to-https"):
            yield Violation(policy.path, f"the behaviour answers in clear: viewerProtocolPolicy is {policy.shown()}")
    certificate = root["viewerCertificate"]
    version = certificate["minimumProtocolVersion"]
    if certificate["cloudfrontDefaultCertificate"].boolean() is True or version.text() is None:
        yield Violation(version.path, "CloudFront's own certificate takes TLS 1.0")
    elif _OLD_PROTOCOL.fullmatch(version.text() or ""):
        yield Violation(version.path, f"{version.shown()} takes versions before TLS 1.2")
