"""Which hosts of AWS a workload reaches, from what it may do there."""

from __future__ import annotations

import pytest

from infra.core.iam import (
    AwsEndpoint,
    AwsNetwork,
    AwsPlace,
    BucketPrefix,
    Grant,
    GroupScaling,
    ImagePull,
    KeyUse,
    LogWrite,
    QueueUse,
    SecretRead,
    TargetRegistration,
    TopicPublish,
)

PLACE = AwsPlace(account_id="444455556666", region="eu-west-1")
BLOCKS = ("10.0.248.0/24", "10.0.249.0/24")
PRIVATE = AwsNetwork(place=PLACE, services=frozenset({"s3", "secretsmanager", "logs"}), blocks=BLOCKS)


def bucket(prefix: str) -> BucketPrefix:
    return BucketPrefix(bucket="lake", prefix=prefix, access=("read",))


@pytest.mark.parametrize(
    ("grant", "hosts"),
    [
        (bucket("a/"), ["lake.s3.eu-west-1.amazonaws.com"]),
        (SecretRead(name="x"), ["secretsmanager.eu-west-1.amazonaws.com"]),
        (QueueUse(queue="x", role="send"), ["sqs.eu-west-1.amazonaws.com"]),
        (TopicPublish(topic="x"), ["sns.eu-west-1.amazonaws.com"]),
        (LogWrite(group="x"), ["logs.eu-west-1.amazonaws.com"]),
        (
            TargetRegistration(group="x"),
            ["ec2.eu-west-1.amazonaws.com", "elasticloadbalancing.eu-west-1.amazonaws.com"],
        ),
        (
            GroupScaling(cluster="x"),
            ["autoscaling.eu-west-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com", "eks.eu-west-1.amazonaws.com"],
        ),
        (
            ImagePull(repository="xx"),
            [
                "444455556666.dkr.ecr.eu-west-1.amazonaws.com",
                "api.ecr.eu-west-1.amazonaws.com",
                "prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com",
            ],
        ),
        (KeyUse(key="k", via="s3", use="decrypt"), []),
    ],
)
def test_each_kind_of_grant_is_about_the_hosts_of_its_service(grant: Grant, hosts: list[str]):
    assert [endpoint.host for endpoint in PRIVATE.endpoints([grant])] == hosts


def test_two_prefixes_of_a_bucket_are_reached_at_one_host():
    assert len(PRIVATE.endpoints([bucket("a/"), bucket("b/")])) == 1


def test_a_service_with_an_endpoint_is_reached_in_its_subnets_only():
    [endpoint] = PRIVATE.endpoints([bucket("a/")])
    assert endpoint.peers() == [{"ipBlock": {"cidr": block}} for block in BLOCKS]


def test_a_service_without_an_endpoint_is_reached_at_public_addresses_only():
    [endpoint] = PRIVATE.endpoints([QueueUse(queue="x", role="send")])
    assert [peer["ipBlock"]["cidr"] for peer in endpoint.peers()] == ["0.0.0.0/0", "::/0"]
    assert all(peer["ipBlock"]["except"] for peer in endpoint.peers())


def test_a_network_without_endpoints_reaches_everything_at_public_addresses():
    [endpoint] = AwsNetwork(place=PLACE).endpoints([bucket("a/")])
    assert endpoint == AwsEndpoint(host="lake.s3.eu-west-1.amazonaws.com")
