"""What the embedded engine tells of a credential that does not count: before anything is written."""

import uuid

import pytest

from sandbox.engine.provider import ProviderError
from sandbox.engine.providers.aws.connection import AwsEndpoint
from sandbox.engine.providers.aws.provider import AwsProvider
from tests.support import moto
from tests.support.aws_hand import Hand
from tests.support.refusing_aws import refusing_aws

pytestmark = pytest.mark.integration

QUEUE = "aws:sqs/queue:Queue"


@pytest.mark.parametrize("code", ["ExpiredToken", "AccessDenied", "UnrecognizedClientException"])
def test_a_refused_credential_is_told_by_its_code_and_nothing_is_written(server: str, code: str) -> None:
    name = f"q{uuid.uuid4().hex[:12]}"
    with refusing_aws(server) as gate:
        gate.refuse = lambda _: code
        hand = Hand(AwsProvider(AwsEndpoint(gate.url, "eu-central-1", moto.ACCOUNT)))
        with pytest.raises(ProviderError, match=code):
            hand.create(QUEUE, name, {"name": name})
        assert gate.seen == ["GetCallerIdentity"]


def test_a_missing_permission_names_the_operation(server: str) -> None:
    name = f"q{uuid.uuid4().hex[:12]}"
    with refusing_aws(server) as gate:
        gate.refuse = lambda call: "AccessDenied" if call == "CreateQueue" else None
        hand = Hand(AwsProvider(AwsEndpoint(gate.url, "eu-central-1", moto.ACCOUNT)))
        with pytest.raises(ProviderError, match=r"CreateQueue.*AccessDenied"):
            hand.create(QUEUE, name, {"name": name})
