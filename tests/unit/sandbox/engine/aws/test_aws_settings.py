from typing import Any

import pytest

from sandbox.engine.provider import ProviderError
from sandbox.engine.providers.aws.connection import AwsEndpoint
from sandbox.engine.providers.aws.settings import AwsSettings


def test_the_sdks_json_texts_are_read() -> None:
    inputs = {
        "region": "eu-west-1",
        "defaultTags": '{"tags": {"a": "1"}}',
        "allowedAccountIds": '["123456789012"]',
        "skipCredentialsValidation": "true",
        "profile": "ignored",
    }
    settings = AwsSettings.from_inputs("urn", inputs)
    assert settings == AwsSettings("eu-west-1", {"a": "1"}, ("123456789012",))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"httpProxy": "http://x"}, "urn: httpProxy: the embedded engine does not support it; it knows allowedAcc"),
        ({"defaultTags": {"tags": {"a": 1}}}, r"urn: defaultTags\.tags: every tag must be a text"),
    ],
)
def test_what_the_provider_does_not_serve_is_refused_by_name(inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(ProviderError, match=message):
        AwsSettings.from_inputs("urn", inputs)


def test_accounts_that_are_forbidden_or_not_allowed_are_refused() -> None:
    with pytest.raises(ProviderError, match="allowedAccountIds: the endpoint's account 1 is not one of 2, 3"):
        AwsSettings(allowed_accounts=("2", "3")).assert_account("urn", "1")
    with pytest.raises(ProviderError, match="forbiddenAccountIds: the endpoint's account 1 is among them"):
        AwsSettings(forbidden_accounts=("1",)).assert_account("urn", "1")
    AwsSettings(allowed_accounts=("1",)).assert_account("urn", "1")
    AwsSettings().assert_account("urn", "1")


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1:5000", "https://s3.amazonaws.com", "http://[2001:db8::1]:1", "nonsense"]
)
def test_only_a_loopback_endpoint_is_accepted(url: str) -> None:
    with pytest.raises(ValueError, match="only a loopback address that the sandbox started is allowed"):
        AwsEndpoint(url, "us-east-1", "123456789012")


@pytest.mark.parametrize("account", ["", "12345678901", "12345678901x"])
def test_an_account_id_has_twelve_digits(account: str) -> None:
    with pytest.raises(ValueError, match="it must have twelve digits"):
        AwsEndpoint("http://127.0.0.1:1", "us-east-1", account)


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_partition_follows_from_the_region(region: str, partition: str) -> None:
    assert AwsEndpoint("http://localhost:1", region, "123456789012").partition == partition
