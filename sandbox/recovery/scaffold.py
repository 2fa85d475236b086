"""What a drill needs of a stack that declares no backups: definitions, a namespace, a bucket, a location."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from sandbox.control_plane.api_client import ApiClient, ApiError
from sandbox.errors import SandboxError
from sandbox.recovery.declared import GROUP_PATH, Declared
from sandbox.recovery.journal import Journal
from sandbox.recovery.requests import delete, exists

NAMESPACE = "restore-drill"
LOCATION = "default"
SERVER = "velero"
_DEFINITIONS = Path("infra", "catalog", "crds", "velero-1.18.1")
_DEFINITION_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_REGION = "us-east-1"
_NOT_YET = (404, 429)  # what the API server answers until it has opened the storage of a new kind
_SERVED_SECONDS = 60.0
_GONE_SECONDS = 60.0
_OWN_SECRET = "velero-repo-credentials"  # noqa: S105 - its name; Velero makes it when it starts
_POLL_SECONDS = 0.2


def build(client: ApiClient, s3: Any, root: Path, journal: Journal) -> Declared:
    """Make what is missing; each thing is in the journal before it is made.

    Args:
        client: A client of the sandbox's API server.
        s3: A client of the sandbox's S3.
        root: The project's directory.
        journal: The drill's journal.

    Raises:
        SandboxError: Something cannot be made.
    """
    definitions = _definitions(root)
    for definition in definitions:
        _make(client, journal, _DEFINITION_PATH, definition)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    _make(client, journal, "/api/v1/namespaces", namespace)
    if not journal.bucket:
        journal.bucket = f"{journal.drill}-backups"
        journal.write()
    s3.create_bucket(Bucket=journal.bucket)
    _await_kinds(client, definitions)
    location = {
        "apiVersion": "velero.io/v1",
        "kind": "BackupStorageLocation",
        "metadata": {"name": LOCATION, "namespace": NAMESPACE},
        "spec": {
            "provider": "velero.io/aws",
            "default": True,
            "objectStorage": {"bucket": journal.bucket, "prefix": "velero"},
            "config": {"region": _REGION},
        },
    }
    _make(client, journal, f"{GROUP_PATH}/namespaces/{NAMESPACE}/backupstoragelocations", location)
    return Declared(NAMESPACE, LOCATION, ())


def stand_in(client: ApiClient, journal: Journal, namespace: str) -> None:
    """Make the Deployment that Velero's restores look for, without pods: the server runs beside the sandbox.

    What the server makes for itself is put down in the journal, too.

    Raises:
        SandboxError: It cannot be made.
    """
    labels = {"app.kubernetes.io/name": SERVER, "app.kubernetes.io/managed-by": "sandbox"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": SERVER, "image": f"{SERVER}:none"}]}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": SERVER, "namespace": namespace, "labels": labels},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod},
    }
    _make(client, journal, f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment)
    secret = f"/api/v1/namespaces/{namespace}/secrets/{_OWN_SECRET}"
    if secret not in journal.made and not exists(client, secret):
        journal.made.append(secret)
        journal.write()


def remove(client: ApiClient, s3: Any, journal: Journal) -> None:
    """Remove what the journal says was made, the last one first."""
    for path in reversed(journal.made):
        delete(client, path)
    end = time.monotonic() + _GONE_SECONDS
    for path in journal.made:
        while exists(client, path):
            if time.monotonic() > end:
                raise SandboxError(
                    f"What the drill made for itself does not go: {path}",
                    fix="run the same command again: it waits for it again",
                )
            time.sleep(_POLL_SECONDS)
    if journal.bucket:
        try:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=journal.bucket)
            for key in [entry["Key"] for page in pages for entry in page.get("Contents", [])]:
                s3.delete_object(Bucket=journal.bucket, Key=key)
            s3.delete_bucket(Bucket=journal.bucket)
        except s3.exceptions.NoSuchBucket:
            pass  # the sandbox was restarted meanwhile, or a former drill got this far


def _make(client: ApiClient, journal: Journal, collection: str, body: dict[str, Any]) -> None:
    path = f"{collection}/{body['metadata']['name']}"
    if exists(client, path):
        return  # somebody else's, or made before the drill was interrupted
    journal.made.append(path)
    journal.write()
    client.request("POST", collection, body)


def _await_kinds(client: ApiClient, definitions: list[dict[str, Any]]) -> None:
    end = time.monotonic() + _SERVED_SECONDS
    for definition in definitions:
        spec = definition["spec"]
        path = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
        while True:
            try:
                client.get(path)
            except ApiError as error:
                if error.status not in _NOT_YET or time.monotonic() > end:
                    raise
                time.sleep(_POLL_SECONDS)
            else:
                break


def _definitions(root: Path) -> list[dict[str, Any]]:
    paths = sorted((root / _DEFINITIONS).glob("*.json"))
    if not paths:
        raise SandboxError(
            "Velero's definitions are missing", where=str(root / _DEFINITIONS), fix="restore them from the repository"
        )
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]
