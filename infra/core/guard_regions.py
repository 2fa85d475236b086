"""The regions of AWS: a misspelt one is refused before anything is asked of a host that does not exist."""

from infra.core.validation import closest

GLOBAL_REGION = "us-east-1"
"""Where AWS keeps what belongs to no region, wherever the platform is: certificates, firewalls and logs of CloudFront,
and the account's billing (CloudFront Developer Guide, "AWS Region that you request a certificate in"; AWS WAF Developer
Guide, scope CLOUDFRONT)."""

REGIONS = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-central-1",
        "ca-west-1",
        "cn-north-1",
        "cn-northwest-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "eusc-de-east-1",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-gov-east-1",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    }
)
"""Regions with an endpoint, as botocore 1.44.5 lists them (botocore/data/endpoints.json), without the isolated ones.

A test compares the list with the installed botocore, so that a new region shows when that package is renewed.
"""


def known_region(region: str) -> str:
    """Return a region that AWS has.

    Raises:
        ValueError: AWS has none of that name; the message names the closest.
    """
    if region not in REGIONS:
        raise ValueError(f"must be a region of AWS. {closest(region, REGIONS)}")
    return region
