"""What a tenant's role may do, asked of a server that enforces IAM: the component deployed, then real calls with it.

moto enforces policies for S3 by action and resource. It refuses every call that a statement with a condition is about,
whether or not the condition holds, and looks at no boundary; so listing (bound by ``s3:prefix``), keys (bound by
``kms:ViaService``) and the boundary are proven by the evaluator in the unit tests, and the bucket has no policy here.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.components.foundation.workload_identity_layout import BoundaryArgs, tenant_identities, tenant_prefix
from infra.core.iam import AwsPlace
from policies.runtime import load_packs
from sandbox.engine.providers.aws.connection import AwsEndpoint
from sandbox.engine.providers.aws.provider import AwsProvider
from sandbox.engine.providers.aws.settings import AwsSettings
from sandbox.engine.values import PropertyMap
from tests.support.engine_harness import Harness
from tests.support.moto import ACCOUNT, moto_server

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

PLACE = AwsPlace(account_id=ACCOUNT, region="eu-central-1")
BUCKET = f"analytics-platform-prod-lakehouse-{ACCOUNT}"
ACCOUNTS = {"desk": ("kafka-desk", "kafka-desk-audit"), "desk-two": ("kafka-desk-two",), "idle": ()}
TAGS = {"Owner": "platform", "CostCentre": "cc-1", "Environment": "prod", "Project": "analytics-platform"}


class AwsHarness(Harness):
    """A stack whose AWS is a real moto server, with the rules of the AWS pack on."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, load_packs(["aws"]))
        self._url = url

    def _factory(self, package: str, inputs: PropertyMap) -> Any:
        assert package == "aws"
        return AwsProvider(AwsEndpoint(self._url, PLACE.region, ACCOUNT), AwsSettings.from_inputs("aws", inputs))


def program() -> None:
    """The boundary, a key, and the roles of the tenants."""
    import pulumi_aws
    from pulumi_aws import kms

    from infra.components.foundation.object_store_layout import key_policy
    from infra.components.foundation.workload_identity import PermissionsBoundary, WorkloadIdentity

    provider = pulumi_aws.Provider("aws", region=PLACE.region, default_tags={"tags": TAGS})
    options = pulumi.ResourceOptions(provider=provider)
    key = kms.Key("key", enable_key_rotation=True, policy=key_policy(ACCOUNT), opts=options)
    boundary = PermissionsBoundary("boundary", BoundaryArgs(place=PLACE, environment="prod"), opts=options)
    for args in tenant_identities(ACCOUNTS, BUCKET, "main", PLACE, "prod"):
        WorkloadIdentity(
            f"{args.workload}-identity",
            args,
            keys={"lakehouse": key.arn},
            boundary_arn=boundary.arn,
            opts=pulumi.ResourceOptions(provider=provider),
        )


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture(scope="module")
def stack(server: str, tmp_path_factory: pytest.TempPathFactory) -> AwsHarness:
    harness = AwsHarness(tmp_path_factory.mktemp("stack"), server)
    report = harness.apply(program)
    assert report.ok, (report.failures, report.diagnostics, report.ended)
    assert report.findings == []
    return harness


Client = Callable[..., Any]


@pytest.fixture(scope="module")
def connect(server: str) -> Client:
    def make(service: str, key: str = "test", secret: str = "test", token: str | None = None) -> Any:
        return boto3.client(
            service,
            endpoint_url=server,
            region_name=PLACE.region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    return make


@pytest.fixture(scope="module")
def buckets(stack: AwsHarness, server: str, connect: Client) -> Iterator[dict[str, Any]]:
    """S3 clients of both tenants, with something of each in the bucket, while the server enforces IAM."""
    admin = connect("s3")
    admin.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": PLACE.region})
    clients = {}
    for tenant in ("desk", "desk-two"):
        admin.put_object(Bucket=BUCKET, Key=f"{tenant_prefix(tenant)}theirs", Body=tenant.encode())
        role = f"arn:aws:iam::{ACCOUNT}:role/analytics-platform-prod-{PLACE.region}-tenant-{tenant}"
        given = connect("sts").assume_role(RoleArn=role, RoleSessionName="pod")["Credentials"]
        clients[tenant] = connect("s3", given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    _enforce_after(server, "0")
    yield clients
    _enforce_after(server, "inf")


def _enforce_after(server: str, calls: str) -> None:
    plain = {"Content-Type": "text/plain"}  # of a form the server would see no body
    request = urllib.request.Request(f"{server}/moto-api/reset-auth", calls.encode(), plain, method="POST")
    urllib.request.urlopen(request, timeout=10).close()


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def test_a_tenant_reads_writes_and_deletes_under_its_own_prefix(buckets: dict[str, Any]):
    for tenant, s3 in buckets.items():
        own = tenant_prefix(tenant)
        s3.put_object(Bucket=BUCKET, Key=f"{own}new", Body=b"new")
        assert s3.get_object(Bucket=BUCKET, Key=f"{own}theirs")["Body"].read() == tenant.encode()
        s3.delete_object(Bucket=BUCKET, Key=f"{own}new")


@pytest.mark.parametrize(("tenant", "neighbour"), [("desk", "desk-two"), ("desk-two", "desk")])
def test_a_tenant_is_refused_under_its_neighbours_prefix(buckets: dict[str, Any], tenant: str, neighbour: str):
    s3, theirs = buckets[tenant], f"{tenant_prefix(neighbour)}theirs"
    assert refused(lambda: s3.get_object(Bucket=BUCKET, Key=theirs)) == "AccessDenied"
    assert refused(lambda: s3.put_object(Bucket=BUCKET, Key=theirs, Body=b"mine")) == "AccessDenied"
    assert refused(lambda: s3.delete_object(Bucket=BUCKET, Key=theirs)) == "AccessDenied"


@pytest.mark.parametrize(
    "call",
    [
        lambda s3: s3.list_buckets(),
        lambda s3: s3.delete_bucket(Bucket=BUCKET),
        lambda s3: s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}),
        lambda s3: s3.put_object(Bucket=BUCKET, Key="tenants/new", Body=b"beside"),
    ],
)
def test_a_tenant_is_refused_what_no_grant_names(buckets: dict[str, Any], call: Callable[[Any], object]):
    assert refused(lambda: call(buckets["desk"])) == "AccessDenied"


def test_each_role_is_under_the_boundary_and_bound_to_its_service_accounts(stack: AwsHarness):
    state = {urn.rpartition("::")[2]: record for urn, record in stack.state().resources.items()}
    role = state["tenant-desk-identity-role"]
    assert role.outputs["permissionsBoundary"] == state["boundary-policy"].outputs["arn"]
    bound = [
        (found.inputs["namespace"], found.inputs["serviceAccount"], found.inputs["roleArn"] == role.outputs["arn"])
        for name, found in state.items()
        if name.startswith("tenant-desk-identity-") and name.endswith("-association")
    ]
    assert sorted(bound) == [("tenant-desk", "kafka-desk", True), ("tenant-desk", "kafka-desk-audit", True)]
    assert not any("idle" in name for name in state)


def test_a_second_plan_is_empty(stack: AwsHarness):
    report = stack.plan(program)
    assert report.ok
    assert report.changes == 0
