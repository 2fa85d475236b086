from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule

_MACHINES = frozenset(
    {
        "aws:ec2/instance:Instance",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/launchConfiguration:LaunchConfiguration",
    }
)
_DEFAULTS = "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults"
_HOPS = 2


@rule(
    id="AWS-043",
    title="Require a token for a machine's credentials",
    severity=Severity.HIGH,
    topics=("iam", "kubernetes"),
    frameworks=("aws-foundational-security:EC2.8", "cis-aws-3.0:5.6"),
    applies_to=Types(_MACHINES | {_DEFAULTS}),
    mandatory_everywhere=True,
    rationale=(
        "The metadata service hands the machine's credentials to whoever asks from inside, a web server that was"
        " tricked into fetching an address too. With tokens such a request is not enough; with many hops pods get at"
        " it."
    ),
    remediation=(
        f"Set metadataOptions.httpTokens to required and httpPutResponseHopLimit to {_HOPS} at most, or turn"
        " httpEndpoint off."
    ),
)
def require_instance_metadata_tokens(resource: Resource) -> Iterator[Violation]:
    """One violation for machines that hand out credentials without a token, one for too many hops."""
    options = resource.root if resource.type == _DEFAULTS else resource.root["metadataOptions"]
    if options["httpEndpoint"].text() == "disabled":
        return
    tokens, hops = options["httpTokens"], options["httpPutResponseHopLimit"]
    if tokens.text() != "required":
        yield Violation(tokens.path, "the machine's credentials are handed out without a token")
    if (hops.integer() or 1) > _HOPS:
        yield Violation(hops.path, f"tokens travel {hops.integer()} hops, more than {_HOPS}")
