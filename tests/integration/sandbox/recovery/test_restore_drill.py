"""The restore drill against a real API server, a served S3 and Velero itself."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox.control_plane import destroy, ensure_running
from sandbox.control_plane.api_client import ApiClient
from sandbox.control_plane.contents import cluster_contents
from sandbox.control_plane.endpoints import Endpoints
from sandbox.control_plane.lifecycle import admin_client
from sandbox.errors import ConfigurationError
from sandbox.recovery.drill import Drill, Outcome
from sandbox.recovery.inventory import TENANT_LABEL, find
from sandbox.recovery.journal import read_journal
from sandbox.recovery.server import PLUGIN, PROGRAM
from sandbox.tools.resolver import resolve
from tests.support.sandbox import NODES, sandbox_name

pytestmark = pytest.mark.integration
PROJECT = Path(__file__).resolve().parents[4]
KILL_SECONDS = 60.0


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A sandbox of its own: what drills delete in S3 makes moto slow to say what it holds."""
    resolve([PROGRAM, PLUGIN], print)
    root, name = tmp_path_factory.mktemp("drilled"), sandbox_name()
    try:
        yield ensure_running(name, nodes=NODES, progress=print, root=root)
    finally:
        destroy(name, root=root)


@pytest.fixture
def client(drilled: Endpoints) -> Iterator[ApiClient]:
    made = admin_client(drilled, timeout=30.0)
    yield made
    made.close()


@pytest.fixture
def bucket(drilled: Endpoints) -> Iterator[Any]:
    """A bucket that keeps versions, and whose policy the emulator would take for one that denies everything."""
    made = s3(drilled).create_bucket(Bucket=f"lake-{os.urandom(4).hex()}")
    made.Versioning().enable()
    yield made
    made.object_versions.delete()
    made.delete()


@pytest.fixture
def tenants(client: ApiClient) -> Iterator[tuple[str, str]]:
    """A tenant and its neighbour, each with a namespace, and with something of its own in the namespace of a third."""
    names = f"t{os.urandom(3).hex()}", f"n{os.urandom(3).hex()}"
    made = [f"{name}-home" for name in names] + [f"shared-{names[0]}"]
    for name, tenant in zip(made, (*names, "platform"), strict=True):
        namespace(client, name, tenant)
    for name in names:
        for kind, extra in (("ConfigMap", {"data": {"a": name}}), ("Secret", {"stringData": {"p": name}})):
            create(client, f"{name}-home", kind, "mine", extra)
        ports = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
        create(client, f"{name}-home", "Service", "web", {"spec": ports})
        create(client, made[2], "ConfigMap", f"of-{name}", {"data": {"b": name}}, {TENANT_LABEL: name})
    yield names
    for name in made:
        client.request("DELETE", f"/api/v1/namespaces/{name}")
    wait(lambda: not {item["metadata"]["name"] for item in client.get("/api/v1/namespaces")["items"]} & set(made))


def namespace(client: ApiClient, name: str, tenant: str) -> None:
    labels = {TENANT_LABEL: tenant, "platform/data-class": "internal"}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    client.request("POST", "/api/v1/namespaces", body)


def create(
    client: ApiClient, home: str, kind: str, name: str, extra: dict[str, Any], labels: dict[str, str] | None = None
) -> None:
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "labels": labels or {}}, **extra}
    client.request("POST", f"/api/v1/namespaces/{home}/{kind.lower()}s", body)


def identities(client: ApiClient, tenant: str) -> dict[str, str]:
    """Which very objects a tenant has: a deleted one that was made again has another uid."""
    found = find(client, tenant, [f"{tenant}-home"])
    return {
        each.path: f"{each.manifest['metadata']['uid']} {each.manifest['metadata']['resourceVersion']}"
        for each in found
    }


def everything(endpoints: Endpoints) -> tuple[list[str], list[str]]:
    """Every object of the API server and every bucket."""
    made = admin_client(endpoints, timeout=30.0)
    try:
        return sorted(cluster_contents(made)), sorted(bucket.name for bucket in s3(endpoints).buckets.all())
    finally:
        made.close()


def s3(endpoints: Endpoints) -> Any:
    return boto3.resource(
        "s3",
        endpoint_url=endpoints.moto_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def drill(endpoints: Endpoints, tenant: str, home: Path, *, into: str = "") -> Outcome:
    made = admin_client(endpoints, timeout=30.0)
    try:
        return Drill(endpoints, made, home, PROJECT, tenant, print).run(into=into)
    finally:
        made.close()


def test_a_deleted_tenant_comes_back_as_it_was_and_nothing_else_is_touched(
    drilled: Endpoints, client: ApiClient, tenants: tuple[str, str], bucket: Any, tmp_path: Path
):
    tenant, neighbour = tenants
    for name in tenants:
        bucket.put_object(Key=f"tenants/{name}/rows.csv", Body=name.encode())
    before, mine, theirs = everything(drilled), identities(client, tenant), identities(client, neighbour)
    outcome = drill(drilled, tenant, tmp_path)
    assert (outcome.differences, outcome.problems) == ([], [])
    assert outcome.objects == 5  # the namespace, three in it, and one in the third's
    assert everything(drilled) == before
    assert identities(client, neighbour) == theirs
    again = identities(client, tenant)
    assert again.keys() == mine.keys()
    assert not set(again.values()) & set(mine.values())
    assert {each.key: each.get()["Body"].read().decode() for each in bucket.objects.all()} == {
        f"tenants/{name}/rows.csv": name for name in tenants
    }


def test_what_no_backup_holds_is_named_and_fails_the_drill(
    drilled: Endpoints,
    client: ApiClient,
    tenants: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("sandbox.recovery.drill._SETTLE_SECONDS", 1.0)
    tenant, _ = tenants
    create(client, f"{tenant}-home", "ConfigMap", "left-out", {}, {"velero.io/exclude-from-backup": "true"})
    outcome = drill(drilled, tenant, tmp_path)
    assert outcome.differences == [f"- ConfigMap {tenant}-home/left-out"]
    assert len(outcome.problems) == 1


def test_restoring_into_a_scratch_namespace_deletes_nothing_and_leaves_nothing(
    drilled: Endpoints, client: ApiClient, tenants: tuple[str, str], tmp_path: Path
):
    tenant, _ = tenants
    before, mine = everything(drilled), identities(client, tenant)
    outcome = drill(drilled, tenant, tmp_path, into=f"{tenant}-scratch")
    assert outcome.differences == []
    assert identities(client, tenant) == mine
    wait(lambda: everything(drilled) == before)
    with pytest.raises(ConfigurationError, match="exists, and what is in it would be mixed"):
        drill(drilled, tenant, tmp_path, into=f"{tenant}-home")


@pytest.mark.parametrize("moment", ["before the backup", "in the middle of the deletion"])
def test_a_drill_that_was_killed_is_taken_up_and_completed(
    drilled: Endpoints, client: ApiClient, tenants: tuple[str, str], bucket: Any, tmp_path: Path, moment: str
):
    tenant, neighbour = tenants
    bucket.put_object(Key=f"tenants/{tenant}/rows.csv", Body=b"1")
    before, theirs = everything(drilled), identities(client, neighbour)
    process = multiprocessing.get_context("spawn").Process(target=drill, args=(drilled, tenant, tmp_path))
    process.start()
    wait(lambda: _came(tmp_path / f"{tenant}.json", moment))
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert identities(client, neighbour) == theirs
    outcome = drill(drilled, tenant, tmp_path)
    assert outcome.differences == []
    assert everything(drilled) == before
    assert identities(client, neighbour) == theirs
    assert not (tmp_path / f"{tenant}.json").exists()


def _came(path: Path, moment: str) -> bool:
    journal = read_journal(path)
    return journal is not None and (moment == "before the backup" or bool(journal.disaster))


def wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + KILL_SECONDS
    while not done():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.02)
