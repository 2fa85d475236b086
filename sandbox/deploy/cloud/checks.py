"""What is looked at before a stack of the cloud is changed; nothing is written."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from sandbox.deploy.check import Check
from sandbox.deploy.cloud.calls import Aws
from sandbox.deploy.cloud.failures import Refusal
from sandbox.deploy.cloud.place import CloudPlace

_REACH_SECONDS = 5.0

Which = Callable[[str], str | None]
Reach = Callable[[str], bool]


def tool_checks(place: CloudPlace, which: Which = shutil.which) -> Iterator[Check]:
    """What must be on this machine."""
    pulumi = which("pulumi")
    advice = "install it: pulumi.com/docs/install; it fetches the providers' plugins itself"
    yield Check("Pulumi CLI", pulumi is not None, pulumi or "not on PATH", advice)
    if place.cluster == "eks":
        aws = which("aws")
        advice = "install it: docs.aws.amazon.com/cli; the cluster's token comes from `aws eks get-token`"
        yield Check("AWS command line", aws is not None, aws or "not on PATH", advice)


CREDENTIAL = "AWS credential"
"""The check that finds whose credential it is: the caller's ARN."""


def account_checks(place: CloudPlace, aws: Aws) -> Iterator[Check]:
    """Whose credential this is, and whether the region has what the stack names; one that fails ends the list."""
    try:
        caller = aws.call("sts", "get_caller_identity", "sts:GetCallerIdentity")
    except Refusal as refused:
        yield Check(CREDENTIAL, False, refused.found, refused.fix)
        return
    found = str(caller["Account"])
    yield Check(CREDENTIAL, True, str(caller["Arn"]))
    yield Check(
        "AWS account",
        found == place.account,
        found if found == place.account else f"{found}, and {place.file} pins aws.accountId {place.account}",
        f"sign in to {place.account} (AWS_PROFILE), or correct the file",
    )
    if found == place.account and place.zones:
        yield from _zones(place, aws)


def _zones(place: CloudPlace, aws: Aws) -> Iterator[Check]:
    wanted = [f"{place.region}{letter}" for letter in place.zones]
    action = "ec2:DescribeAvailabilityZones"
    try:
        answer = aws.call("ec2", "describe_availability_zones", action)
    except Refusal as refused:
        yield Check("region and zones", False, refused.found, refused.fix)
        return
    zones = {zone["ZoneName"] for zone in answer["AvailabilityZones"] if zone.get("State") == "available"}
    lacking = [zone for zone in wanted if zone not in zones]
    letters = ", ".join(sorted(zone.removeprefix(place.region) for zone in zones if zone.startswith(place.region)))
    text = f"{', '.join(lacking)} not among this account's zones" if lacking else ", ".join(wanted)
    yield Check("region and zones", not lacking, text, f"{place.file}: name eks.zones among {letters or 'none'}")


def state_checks(place: CloudPlace, aws: Aws) -> Iterator[Check]:
    """Where the state is kept, who holds it, and the key of its secrets."""
    if place.backend:
        found = f"{place.backend}: PULUMI_BACKEND_URL counts, and not the bucket {place.bucket}"
        yield Check("state backend", True, found, needed=False)
    else:
        yield from _bucket(place, aws)
    yield from _key(place, aws)


def _bucket(place: CloudPlace, aws: Aws) -> Iterator[Check]:
    owned = {"Bucket": place.bucket, "ExpectedBucketOwner": place.account}
    make = f"sandbox bootstrap --stack {place.stack}"
    try:
        aws.call("s3", "head_bucket", "s3:ListBucket", **owned)
    except Refusal as refused:
        text = f"there is no bucket {place.bucket}"
        if refused.kind == "denied":
            text = f"{place.bucket} belongs to another account, or s3:ListBucket on it is not allowed"
        elif refused.kind != "missing":
            text = refused.found
        yield Check("state bucket", False, text, make if refused.kind == "missing" else refused.fix)
        return
    wrong = list(bucket_faults(place, aws))
    text = f"{place.bucket}: {'; '.join(wrong)}" if wrong else f"{place.bucket}: versioned, encrypted, not public"
    yield Check("state bucket", not wrong, text, f"{make} sets it")
    yield from _locks(place, aws, owned)


def bucket_faults(place: CloudPlace, aws: Aws) -> Iterator[str]:
    """What a state bucket lacks, as words."""
    owned = {"Bucket": place.bucket, "ExpectedBucketOwner": place.account}
    for action, operation, expected, word in (
        ("s3:GetBucketVersioning", "get_bucket_versioning", _versioned, "not versioned"),
        ("s3:GetEncryptionConfiguration", "get_bucket_encryption", _encrypted, "not encrypted by a key of its own"),
        ("s3:GetBucketPublicAccessBlock", "get_public_access_block", _private, "public access is not blocked"),
        ("s3:GetBucketPolicy", "get_bucket_policy", _secure, "requests without TLS are not refused"),
    ):
        try:
            if not expected(aws.call("s3", operation, action, **owned)):
                yield word
        except Refusal as refused:
            if refused.kind == "denied":
                yield refused.found
            else:
                yield word


def _versioned(answer: Mapping[str, Any]) -> bool:
    return answer.get("Status") == "Enabled"


def _encrypted(answer: Mapping[str, Any]) -> bool:
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    return any(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"].startswith("aws:kms") for rule in rules)


def _private(answer: Mapping[str, Any]) -> bool:
    settings = answer["PublicAccessBlockConfiguration"]
    return len(settings) == 4 and all(settings.values())


def _secure(answer: Mapping[str, Any]) -> bool:
    return "aws:SecureTransport" in answer["Policy"]


def _locks(place: CloudPlace, aws: Aws, owned: Mapping[str, str]) -> Iterator[Check]:
    # Where Pulumi's own backend keeps its locks (pulumi/pulumi, pkg/backend/diy/lock.go).
    prefix = f".pulumi/locks/organization/{place.project}/{place.stack}/"
    cancel = f"wait for it, or if its process is gone: pulumi cancel --stack {place.stack}"
    try:
        locks = aws.call("s3", "list_objects_v2", "s3:ListBucket", Prefix=prefix, **owned).get("Contents", [])
        owners = [_owner(aws.call("s3", "get_object", "s3:GetObject", Key=lock["Key"], **owned)) for lock in locks]
    except Refusal as refused:
        yield Check("state lock", False, refused.found, refused.fix)
        return
    text = f"held by {'; '.join(owners)}" if owners else "free"
    yield Check("state lock", not owners, text, cancel)


def _owner(answer: Mapping[str, Any]) -> str:
    try:
        lock = json.loads(answer["Body"].read())
        return f"{lock['username']}@{lock['hostname']} (process {lock['pid']}) since {lock['timestamp']}"
    except (ValueError, KeyError, TypeError):
        return "somebody"


def _key(place: CloudPlace, aws: Aws) -> Iterator[Check]:
    named = place.secrets_provider
    if not named:
        fix = f"write into {place.file}: secretsprovider: {place.own_secrets_provider}"
        yield Check("secrets provider", False, "none is named", fix)
        return
    found = re.match(r"^awskms://([^?]+)", named)
    if found is None:
        yield Check("secrets provider", True, f"{named}: not looked at", needed=False)
        return
    make = f"sandbox bootstrap --stack {place.stack}"
    try:
        key = aws.call("kms", "describe_key", "kms:DescribeKey", KeyId=found[1].lstrip("/"))["KeyMetadata"]
    except Refusal as refused:
        missing = refused.kind == "missing"
        text = f"there is no key {found[1]} in {place.region}" if missing else refused.found
        yield Check("secrets provider", False, text, make if missing else refused.fix)
        return
    state, owner = str(key["KeyState"]), str(key.get("AWSAccountId", place.account))
    wrong = f"the key is of account {owner}" if owner != place.account else f"the key is {state}"
    good = state == "Enabled" and owner == place.account
    fix = "enable the key, or name another one (pulumi stack change-secrets-provider)"
    yield Check("secrets provider", good, named if good else f"{named}: {wrong}", fix)
    # Without it Pulumi would make the stack with a passphrase (pulumi/pulumi, diyBackend.DefaultSecretManager).
    init = f"pulumi stack init {place.stack} --secrets-provider '{named}', and commit what it adds to {place.file}"
    text = f"{place.file}: encryptedkey" if place.encrypted else f"{place.file} has no encryptedkey yet"
    yield Check("stack initialised", place.encrypted, text, init)


def cluster_checks(
    place: CloudPlace, aws: Aws, clusters: tuple[str, ...], reach: Reach | None = None
) -> Iterator[Check]:
    """Which cluster it will be.

    Args:
        place: where the stack lives.
        aws: its account.
        clusters: names of the clusters that the program declares.
        reach: tells whether a host answers; the default tries to connect.
    """
    if place.cluster == "kubeconfig":
        yield _context(place)
    for name in clusters:
        yield from _eks(place, aws, name, reach or _reachable)


def _eks(place: CloudPlace, aws: Aws, name: str, reach: Reach) -> Iterator[Check]:
    try:
        cluster = aws.call("eks", "describe_cluster", "eks:DescribeCluster", name=name)["cluster"]
    except Refusal as refused:
        new = refused.kind == "missing"
        text = f"{name}: the first `up` makes it" if new else refused.found
        yield Check("cluster", new, text, refused.fix)
        return
    arn, status = str(cluster["arn"]), str(cluster["status"])
    right = f":{place.region}:{place.account}:" in arn and status in ("ACTIVE", "UPDATING")
    fix = "wait until it is ACTIVE" if f":{place.account}:" in arn else "look at aws.accountId and aws.region"
    yield Check("cluster", right, f"{arn}: {status}", fix)
    endpoint = str(cluster.get("endpoint") or "")
    if right and endpoint:
        fix = f"{place.file}: add your network to eks.publicAccess, or work inside the cluster's network"
        answers = reach(endpoint)
        yield Check("cluster's API", answers, f"{endpoint}{'' if answers else ' cannot be reached from here'}", fix)


def _context(place: CloudPlace, environment: Mapping[str, str] = os.environ) -> Check:
    paths = environment.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    contexts: dict[str, str] = {}
    current = ""
    for path in paths.split(os.pathsep):
        try:
            document = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
            servers = {each["name"]: str(each["cluster"]["server"]) for each in document.get("clusters") or ()}
            found = {each["name"]: servers.get(each["context"]["cluster"], "?") for each in document["contexts"] or ()}
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError):
            continue
        contexts = found | contexts
        current = current or str(document.get("current-context") or "")
    wanted = place.context or current
    if wanted in contexts:
        return Check("cluster", True, f"{wanted}: {contexts[wanted]}")
    fix = f"{place.file}: name one of {', '.join(sorted(contexts)) or 'none'} as cluster.context, or set KUBECONFIG"
    return Check("cluster", False, f"no context {wanted!r} in {paths}", fix)


def _reachable(address: str) -> bool:
    parts = urlsplit(address)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 443), timeout=_REACH_SECONDS):
            return True
    except OSError:
        return False
