import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sandbox.aws.client import GLOBAL_REGION, moto_client
from sandbox.errors import SandboxError

_REGION = re.compile(r"\b[a-z]{2}(?:-[a-z]+)+-\d\b")
# Models that moto makes for every region as soon as one is used.
_EVERYWHERE = {"EC2Backend", "Ami", "Snapshot", "Volume", "ManagedPrefixList", "AccountSummary", "AWSManagedPolicy"}
_DELETED = {"PendingDeletion", "PendingReplicaDeletion"}
_RECORD_SECONDS = 180
"""How long moto may take to write down its record, which holds all that was ever made: 30 s were too few after thirty
deployments into one sandbox, on a machine where thirty processes waited for two cores."""


def aws_contents(url: str) -> list[str]:
    """Everything that the served AWS API holds, one line a thing, as ``<service> <kind> [<region>] <name>``.

    S3 buckets, KMS keys and aliases, IAM roles, policies, users, instance profiles and identity providers, secrets,
    ECR repositories, SQS queues, SNS topics, log groups, and the common EC2 things. Left out is what AWS makes by
    itself (default networks, managed keys) and what is scheduled for deletion. Things whose ids are random are named
    by their alias, ``Name`` tag or description, so that two runs of one program compare equal.

    Args:
        url: The address of moto's server.

    Raises:
        SandboxError: It does not answer, or answers with an error.
    """
    models = _models(url)
    used = {service: _regions(service, models) for service in _LISTERS}
    if not any(used.values()):
        return []  # and boto3 need not be imported
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    lines: list[str] = []
    try:
        for service, regions in used.items():
            for region in regions:
                client = moto_client(url, service, region)
                where = "" if service in _GLOBAL else f"{region} "
                lines += [f"{service} {kind} {where}{name}" for kind, name in _LISTERS[service](client)]
    except (BotoCoreError, ClientError) as error:
        raise SandboxError(f"The AWS API did not list its contents: {error}", where=url) from error
    return lines


def _models(url: str) -> dict[str, dict[str, Any]]:
    """What moto's own record says that was ever made since it started, by service and model."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/moto-api/data.json", timeout=_RECORD_SECONDS) as response:
            data: dict[str, dict[str, Any]] = json.load(response)
    except (OSError, ValueError) as error:
        raise SandboxError(
            f"The AWS API does not answer: {error}", where=url, fix="look at the sandbox's status and moto's log"
        ) from error
    return data


def _regions(service: str, models: dict[str, dict[str, Any]]) -> list[str]:
    """The regions in which a service was ever used. Its record names them; listing all regions would take seconds."""
    made = {name: entries for name, entries in models.get(service, {}).items() if entries and name not in _EVERYWHERE}
    if not made:
        return []
    if service in _GLOBAL:
        return [GLOBAL_REGION]
    return sorted(set(_REGION.findall(json.dumps(made)))) or [GLOBAL_REGION]


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    if not client.can_paginate(operation):
        yield from getattr(client, operation)(**arguments).get(key, [])
        return
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, [])


def _s3(client: Any) -> Iterator[tuple[str, str]]:
    for bucket in client.list_buckets()["Buckets"]:
        yield "bucket", bucket["Name"]


def _kms(client: Any) -> Iterator[tuple[str, str]]:
    aliases: dict[str, list[str]] = {}
    for alias in _pages(client, "list_aliases", "Aliases"):
        if not alias["AliasName"].startswith("alias/aws/"):
            aliases.setdefault(alias.get("TargetKeyId", ""), []).append(alias["AliasName"])
            yield "alias", alias["AliasName"]
    for entry in _pages(client, "list_keys", "Keys"):
        key = client.describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
        if key["KeyState"] not in _DELETED and key.get("KeyManager") != "AWS":
            yield "key", ",".join(sorted(aliases.get(key["KeyId"], []))) or key.get("Description") or "(no name)"


def _iam(client: Any) -> Iterator[tuple[str, str]]:
    for role in _pages(client, "list_roles", "Roles"):
        yield "role", role["RoleName"]
    for policy in _pages(client, "list_policies", "Policies", Scope="Local"):
        yield "policy", policy["PolicyName"]
    for user in _pages(client, "list_users", "Users"):
        yield "user", user["UserName"]
    for profile in _pages(client, "list_instance_profiles", "InstanceProfiles"):
        yield "instance-profile", profile["InstanceProfileName"]
    for provider in client.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        yield "oidc-provider", provider["Arn"].rsplit("oidc-provider/", 1)[-1]


def _simple(kind: str, operation: str, key: str, name: Callable[[Any], str]) -> Callable[[Any], Iterator[Any]]:
    def lister(client: Any) -> Iterator[tuple[str, str]]:
        for entry in _pages(client, operation, key):
            yield kind, name(entry)

    return lister


def _ec2(client: Any) -> Iterator[tuple[str, str]]:
    own = [vpc for vpc in _pages(client, "describe_vpcs", "Vpcs") if not vpc.get("IsDefault")]
    ids = {vpc["VpcId"] for vpc in own}
    yield from _named("vpc", own)
    for kind, operation, key in (
        ("subnet", "describe_subnets", "Subnets"),
        ("nat-gateway", "describe_nat_gateways", "NatGateways"),
        ("vpc-endpoint", "describe_vpc_endpoints", "VpcEndpoints"),
    ):
        entries = [entry for entry in _pages(client, operation, key) if entry.get("VpcId") in ids]
        yield from _named(kind, [entry for entry in entries if str(entry.get("State")).lower() != "deleted"])
    for group in _pages(client, "describe_security_groups", "SecurityGroups"):
        if group["GroupName"] != "default":
            yield "security-group", group["GroupName"]
    tables = [table for table in _pages(client, "describe_route_tables", "RouteTables") if table.get("VpcId") in ids]
    yield from _named("route-table", [table for table in tables if not _is_main(table)])
    yield from _named("internet-gateway", _pages(client, "describe_internet_gateways", "InternetGateways"))
    yield from _named("elastic-ip", client.describe_addresses()["Addresses"])
    for reservation in _pages(client, "describe_instances", "Reservations"):
        alive = [entry for entry in reservation["Instances"] if entry["State"]["Name"] != "terminated"]
        yield from _named("instance", alive)


def _is_main(table: dict[str, Any]) -> bool:
    return any(association.get("Main") for association in table.get("Associations", []))


def _named(kind: str, entries: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        tags = {tag["Key"]: tag["Value"] for tag in entry.get("Tags", [])}
        yield kind, tags.get("Name") or "(no name)"


_GLOBAL = {"s3", "iam"}
_LISTERS: dict[str, Callable[[Any], Iterator[tuple[str, str]]]] = {
    "s3": _s3,
    "kms": _kms,
    "iam": _iam,
    "secretsmanager": _simple("secret", "list_secrets", "SecretList", lambda entry: str(entry["Name"])),
    "ecr": _simple("repository", "describe_repositories", "repositories", lambda entry: str(entry["repositoryName"])),
    "sqs": _simple("queue", "list_queues", "QueueUrls", lambda entry: str(entry).rsplit("/", 1)[-1]),
    "sns": _simple("topic", "list_topics", "Topics", lambda entry: str(entry["TopicArn"]).rsplit(":", 1)[-1]),
    "logs": _simple("log-group", "describe_log_groups", "logGroups", lambda entry: str(entry["logGroupName"])),
    "ec2": _ec2,
}
