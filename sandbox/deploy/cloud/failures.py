"""What AWS refused, told for people: which credential, permission, region or network is to be mended."""

from __future__ import annotations

from typing import Final

EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
"""Error codes of credentials whose time is over (AWS, common errors of each service's API reference)."""

UNKNOWN: Final = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Error codes of credentials that AWS does not know, or that do not count in the region."""

DENIED: Final = frozenset({"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden"})
"""Error codes of permissions that are missing; a HEAD request of S3 carries the bare status."""

MISSING: Final = frozenset({"404", "NoSuchBucket", "NotFoundException", "ResourceNotFoundException"})
"""Error codes of what is not there."""

_SIGN_IN = "sign in again (`aws sso login`, or new values of AWS_ACCESS_KEY_ID and its companions)"


class Refusal(Exception):  # noqa: N818 an answer that callers ask for its kind, and no fault of the program
    """One call that AWS refused, or that did not reach it.

    Attributes:
        kind: `credentials` when no other call can succeed either, `denied`, `missing`, `unreachable` or `other`.
        found: what happened.
        fix: what to do.
    """

    def __init__(self, kind: str, found: str, fix: str) -> None:
        super().__init__(f"{found}; {fix}")
        self.kind = kind
        self.found = found
        self.fix = fix


def refusal(error: Exception, action: str, region: str, endpoint: str = "") -> Refusal:
    """Describe what botocore raised; what it never raises is raised again.

    Args:
        error: the exception.
        action: the permission that the call needs, such as `s3:ListBucket`.
        region: the region that was asked.
        endpoint: the address that was asked, if known.
    """
    from botocore import exceptions  # noqa: PLC0415 importing botocore takes half a second
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    if isinstance(error, exceptions.ClientError):
        return _answered(error, action, region)
    if isinstance(error, ResponseParserError):
        where = endpoint or f"AWS in {region}"
        fix = "is there a proxy or a captive portal between you and AWS?"
        return Refusal("unreachable", f"what answers at {where} is not AWS ({action})", fix)
    name = type(error).__name__
    if isinstance(error, exceptions.ProfileNotFound):
        return Refusal("credentials", f"AWS_PROFILE: {error}", "name a profile that `aws configure list-profiles` has")
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return Refusal("credentials", "there is no AWS credential here", "sign in (`aws sso login`) or set AWS_PROFILE")
    if "SSO" in name or isinstance(error, exceptions.TokenRetrievalError | exceptions.CredentialRetrievalError):
        return Refusal("credentials", f"the AWS sign-in is over or cannot be used ({name})", _SIGN_IN)
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        where = endpoint or f"AWS in {region}"
        fix = f"is {region} the right region, and does a proxy or firewall let you through?"
        return Refusal("unreachable", f"nothing answers at {where} ({name})", fix)
    raise error


def _answered(error: Exception, action: str, region: str) -> Refusal:
    details = getattr(error, "response", {}).get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    if code in EXPIRED:
        return Refusal("credentials", f"the AWS credential has expired ({code})", _SIGN_IN)
    if code in UNKNOWN:
        found = f"AWS does not know this credential in {region} ({code})"
        return Refusal("credentials", found, f"{_SIGN_IN}; if it is right, enable the region {region} in the account")
    if code in DENIED:
        return Refusal("denied", f"{action} is refused ({code})", f"allow {action} to the role that you deploy with")
    if code in MISSING or code.endswith((".NotFound", "NotFoundException")):
        return Refusal("missing", message or code, "")
    if code in ("301", "PermanentRedirect"):
        return Refusal(
            "other", f"{action} failed: it is in another region than {region} ({code})", "correct the region"
        )
    return Refusal("other", f"{action} failed: {code}: {message}", "look it up in the service's API reference")
