from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule

_DISTRIBUTION: Final = "aws:cloudfront/distribution:Distribution"
_FIREWALL: Final = "aws:wafv2/webAcl:WebAcl"


@rule(
    id="AWS-052",
    title="Require CloudFront to have a firewall before it, and a firewall to have rules",
    severity=Severity.MEDIUM,
    topics=("edge", "network"),
    frameworks=("aws-foundational-security:CloudFront.6", "aws-foundational-security:WAF.10"),
    applies_to=Types(frozenset({_DISTRIBUTION, _FIREWALL})),
    rationale=(
        "What answers the internet is tried with every known attack within minutes, and by some with more requests than"
        " it can answer. A web ACL refuses both before they reach the platform; one without rules lets all of them in."
    ),
    remediation=(
        "Set webAclId of the distribution to the ARN of a web ACL of scope CLOUDFRONT, and give that rules: AWS's"
        " managed groups and a limit for each address."
    ),
)
def require_edge_firewall(resource: Resource) -> Iterator[Violation]:
    """One violation for each distribution without a web ACL, and for each web ACL that lets everything in."""
    root = resource.root
    if resource.type == _DISTRIBUTION:
        firewall = root["webAclId"]
        if not firewall.text():
            yield Violation(firewall.path, "nothing stands before the distribution")
    elif not root["rules"].items() and not root["ruleJson"].text() and not root.at("defaultAction", "block").exists():
        yield Violation(root["rules"].path, "the web ACL has no rules and lets everything in")
