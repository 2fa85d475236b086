from typing import Any

import pytest
from botocore import exceptions
from botocore.parsers import ResponseParserError

from sandbox.deploy.cloud.failures import refusal


def answered(code: str) -> exceptions.ClientError:
    return exceptions.ClientError({"Error": {"Code": code, "Message": "words"}}, "Operation")


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("ExpiredToken", "credentials", "has expired"),
        ("RequestExpired", "credentials", "has expired"),
        ("UnrecognizedClientException", "credentials", "does not know this credential in us-east-9"),
        ("InvalidClientTokenId", "credentials", "enable the region us-east-9"),
        ("AccessDenied", "denied", "s3:GetObject is refused"),
        ("403", "denied", "allow s3:GetObject to the role"),
        ("404", "missing", "words"),
        ("NotFoundException", "missing", "words"),
        ("301", "other", "in another region than us-east-9"),
        ("Strange", "other", "s3:GetObject failed: Strange: words"),
    ],
)
def test_what_aws_answers_is_told_with_its_cause(code: str, kind: str, words: str) -> None:
    found = refusal(answered(code), "s3:GetObject", "us-east-9")
    assert found.kind == kind
    assert words in str(found)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (exceptions.NoCredentialsError(), "credentials", "there is no AWS credential here"),
        (exceptions.ProfileNotFound(profile="ann"), "credentials", "AWS_PROFILE"),
        (exceptions.UnauthorizedSSOTokenError(), "credentials", "aws sso login"),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="over"), "credentials", "sign-in is over"),
        (exceptions.EndpointConnectionError(endpoint_url="x"), "unreachable", "nothing answers at https://sts"),
        (exceptions.ConnectTimeoutError(endpoint_url="x"), "unreachable", "is us-east-9 the right region"),
        (ResponseParserError("<!doctype html>"), "unreachable", "what answers at https://sts is not AWS"),
    ],
)
def test_what_never_reached_aws_is_told_too(error: Exception, kind: str, words: str) -> None:
    found = refusal(error, "sts:GetCallerIdentity", "us-east-9", "https://sts")
    assert found.kind == kind
    assert words in str(found)


def test_what_is_no_answer_of_aws_stays_an_error() -> None:
    fault: Any = exceptions.ParamValidationError(report="no")
    with pytest.raises(exceptions.ParamValidationError):
        refusal(fault, "s3:GetObject", "us-east-9")
