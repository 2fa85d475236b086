"""Each workload's statements allow its own resources and refuse its neighbours', for random sets of workloads."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from typing import Any

import pytest

from infra.core.iam import (
    AwsPlace,
    BucketPrefix,
    ImagePull,
    LogWrite,
    QueueUse,
    SecretRead,
    TopicPublish,
    boundary_document,
    policy_document,
)
from tests.support.iam_evaluator import Request, allows

PLACE = AwsPlace(account_id="444455556666", region="eu-central-1")
ACCOUNT = {"aws:ResourceAccount": PLACE.account_id, "aws:SecureTransport": "true"}
BOUNDARY = boundary_document(PLACE, "prod")
BUCKET = "analytics-platform-prod-lakehouse-444455556666"
KEYS = {name: f"arn:aws:kms:eu-central-1:444455556666:key/{name}" for name in ("lakehouse", "messages")}
ACCESSES = ("list", "read", "write", "delete")
OBJECT_CALLS = {"read": "s3:GetObject", "write": "s3:PutObject", "delete": "s3:DeleteObject"}
SETS = 100


def names(chance: random.Random) -> list[str]:
    """Names that are hard to tell apart: prefixes of each other, and with a character more or less."""
    stem = "".join(chance.choices(string.ascii_lowercase, k=chance.randint(1, 6)))
    found = {stem, f"{stem}-two", f"{stem}s", f"{stem}-{stem}", stem[:-1] or "x"}
    return sorted(found)


def draw(name: str, chance: random.Random) -> list[Any]:
    """What a workload of that name uses; every resource carries the name, so no two workloads share one."""
    access = tuple(chance.sample(ACCESSES, chance.randint(1, 4)))
    key = chance.choice((None, "lakehouse"))
    end = chance.choice(("send", "receive"))
    every: list[Any] = [
        BucketPrefix(bucket=BUCKET, prefix=f"tenants/{name}/", access=access, key=key),
        SecretRead(name=f"analytics-platform/prod/kafka/{name}"),
        ImagePull(repository=f"analytics-platform/{name}"),
        QueueUse(queue=f"analytics-platform-prod-{name}", role=end, key=chance.choice((None, "messages"))),
        TopicPublish(topic=f"analytics-platform-prod-{name}"),
        LogWrite(group=f"/analytics-platform/prod/{name}"),
    ]
    return chance.sample(every, chance.randint(1, len(every)))


def calls(grant: Any, chance: random.Random) -> Iterator[Request]:
    """What somebody with the grant does, as AWS would ask IAM."""
    if isinstance(grant, BucketPrefix):
        item = f"arn:aws:s3:::{BUCKET}/{grant.prefix}{chance.choice(('x', 'day=1/y', '-/z'))}"
        for access in grant.access:
            if access == "list":
                yield Request("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", ACCOUNT | {"s3:prefix": grant.prefix})
            else:
                yield Request(OBJECT_CALLS[access], item, ACCOUNT)
        if grant.key and {"read", "write"} & set(grant.access):
            via = {"kms:ViaService": PLACE.endpoint("s3"), "kms:EncryptionContext:aws:s3:arn": item}
            yield Request("kms:Decrypt", KEYS[grant.key], via)
    elif isinstance(grant, SecretRead):
        tail = "".join(chance.choices(string.ascii_letters, k=6))
        secret = PLACE.arn("secretsmanager", f"secret:{grant.name}-{tail}")
        yield Request("secretsmanager:GetSecretValue", secret, ACCOUNT)
    elif isinstance(grant, ImagePull):
        yield Request("ecr:BatchGetImage", PLACE.arn("ecr", f"repository/{grant.repository}"), ACCOUNT)
    elif isinstance(grant, QueueUse):
        action = "sqs:SendMessage" if grant.role == "send" else "sqs:ReceiveMessage"
        yield Request(action, PLACE.arn("sqs", grant.queue), ACCOUNT)
    elif isinstance(grant, TopicPublish):
        yield Request("sns:Publish", PLACE.arn("sns", grant.topic), ACCOUNT)
    else:
        yield Request("logs:PutLogEvents", PLACE.arn("logs", f"log-group:{grant.group}:log-stream:pod-1"), ACCOUNT)


@pytest.mark.parametrize("seeds", [range(start, start + 25) for start in range(0, SETS, 25)], ids=str)
def test_every_workload_may_use_its_own_and_nobody_elses(seeds: range):
    for seed in seeds:
        chance = random.Random(seed)
        worlds = {name: draw(name, chance) for name in names(chance)}
        policies = {name: policy_document(name, grants, PLACE, KEYS, file="catalog") for name, grants in worlds.items()}
        for owner, grants in worlds.items():
            for request in (call for grant in grants for call in calls(grant, chance)):
                for name, policy in policies.items():
                    allowed = allows(request, policy, boundary=BOUNDARY)
                    assert allowed is (name == owner), f"seed {seed}: {name} and {request} of {owner}"


@pytest.mark.parametrize("seeds", [range(start, start + 25) for start in range(0, SETS, 25)], ids=str)
def test_merged_statements_allow_exactly_what_the_grants_said_one_by_one(seeds: range):
    for seed in seeds:
        chance = random.Random(seed)
        prefixes = [f"{name}/" for name in names(chance)]
        grants = [
            BucketPrefix(bucket=BUCKET, prefix=prefix, access=tuple(chance.sample(ACCESSES, chance.randint(1, 3))))
            for prefix in chance.choices(prefixes, k=6)
        ]
        granted = {(grant.prefix, access) for grant in grants for access in grant.access}
        policy = policy_document("reports", grants, PLACE, {}, file="catalog")
        for prefix in prefixes:
            for access, action in OBJECT_CALLS.items():
                request = Request(action, f"arn:aws:s3:::{BUCKET}/{prefix}x", ACCOUNT)
                assert allows(request, policy) is ((prefix, access) in granted), f"seed {seed}: {request}"
            listing = Request("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", ACCOUNT | {"s3:prefix": prefix})
            assert allows(listing, policy) is ((prefix, "list") in granted), f"seed {seed}: {listing}"
